// Writes what bench/compression.mjs found into docs/side-by-side.md, between the markers.
import { writeFileSync } from 'node:fs';
import { putPart } from '../../examples/support/page.mjs';
import { picture } from './picture.mjs';
import { gainsNothing, standings } from './standings.mjs';

const page = new URL('../../docs/side-by-side.md', import.meta.url);
const HEAD = [
  'model',
  'tool',
  'result',
  'worst output, dB',
  'same class',
  'accuracy',
  'size',
  'latency, 95% interval',
  'CPU s',
  'memory, MB',
];
const TITLES = { static: 'Static int8', dynamic: 'Dynamic int8', weights: 'Weights only, int8' };

/** @param known what the results file holds. */
export function writePage(known) {
  const modes = Object.entries(TITLES).map(([mode, title]) => `### ${title}\n\n${table(HEAD, rowsOf(known, mode))}`);
  const parts = { versions: versions(known), standings: standingsTable(known), runs: modes.join('\n\n') };
  for (const [name, content] of Object.entries(parts)) putPart(page, name, content);
  writeFileSync(new URL('../../docs/images/side-by-side.svg', import.meta.url), picture(known.models));
}

function versions({ tools }) {
  const rows = Object.entries(tools).map(([tool, { versions, idle, fault }]) => {
    const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    return [tool, all.join(', '), fault ? `does not load: ${cell(fault)}` : megabytes(idle)];
  });
  return table(['tool', 'versions', 'idle memory, MB'], rows);
}

function standingsTable(known) {
  const rows = Object.keys(TITLES).flatMap((mode) =>
    standings(known, mode).map((each) => [
      mode,
      each.name,
      each.models,
      each.good,
      ...[each.first, each.last].map((count) => `${count} of ${each.models}`),
      each.sqnr?.toFixed(1) ?? '',
      each.size?.toFixed(2) ?? '',
      each.latency?.toFixed(2) ?? '',
      each.cpu?.toFixed(1) ?? '',
      each.memory === undefined ? '' : megabytes(each.memory),
    ]),
  );
  const medians = ['worst output, dB', 'size', 'latency', 'CPU s', 'memory, MB'];
  return table(['mode', 'tool', 'models', 'succeeds', 'best or tied', 'alone last', ...medians], rows);
}

function rowsOf({ models, tools }, mode) {
  return Object.entries(models).flatMap(([model, { runs, bytes }]) =>
    Object.entries(runs)
      .map(([name, run]) => ({ tool: name.split(' ')[0], how: name.split(' ')[1], run }))
      .filter(({ how }) => how.split('-')[0] === mode)
      .map(({ tool, how, run }) => [model, label(tool, how), ...cells(run, bytes, tools[tool].idle)]),
  );
}

function label(tool, how) {
  const variant = how.split('-').slice(1).join(' ');
  return variant === '' ? tool : `${tool}, ${variant}`;
}

function cells(run, original, idle) {
  const cost = [run.cpu.toFixed(1), megabytes(Math.max(0, run.peak - idle))];
  if (run.outcome !== 'written' || !run.loads)
    return [`${run.outcome}${run.outcome === 'written' ? ', does not load' : ''}: ${cell(run.why ?? '')}`, '', '', '', '', '', ...cost];
  const { worst, agreement, accuracy, bytes, ratio, interval } = run;
  return [
    gainsNothing(run, original) ? 'loads, gains nothing' : 'loads',
    worst.decibels > 199 ? 'the same' : worst.decibels.toFixed(1),
    agreement === undefined ? '' : percent(agreement),
    accuracy ? `${percent(accuracy.before)} → ${percent(accuracy.after)}` : '',
    `${(bytes / original).toFixed(2)}×`,
    `${ratio.toFixed(2)}× (${interval.map((bound) => bound.toFixed(2)).join(' to ')})`,
    ...cost,
  ];
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const percent = (fraction) => `${(100 * fraction).toFixed(1)}%`;
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);

/** A reason, as a cell of a table. */
function cell(text) {
  const plain = text
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll('\n', ' ')
    .replace(/^error: /, '');
  return plain.length > 160 ? `${plain.slice(0, 160)}…` : plain;
}
