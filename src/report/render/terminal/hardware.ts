import type { HardwareEstimate, HardwareModel } from '../../../infrastructure/hardware/index.js';
import { formatEnergy, formatMs, formatShare } from '../../info/index.js';
import { plain } from '../plain.js';
import { type Column, table } from './table.js';
import { painter, type TerminalOptions, wrapped } from './text.js';

/** One model on several hardware, a line each, for the terminal. Warnings that hold of the model are said once. */
export function estimatesTable(
  estimates: readonly HardwareEstimate[],
  { width = 100, color = false, name }: TerminalOptions & { name?: string } = {},
): string {
  const paint = painter(color);
  const gaps = estimates[0]?.gaps ?? [];
  const more = gaps.length > 3 ? [`! ${gaps.length - 3} more like these; --json lists all.`] : [];
  const warnings = [...gaps.slice(0, 3).map(({ node, reason }) => `! ${plain(node)}: ${plain(reason)}.`), ...more];
  return [
    ...warnings.flatMap((text) => wrapped(text, width, '  ').map((line) => paint(line, 'yellow'))),
    ...(name === undefined ? [] : [paint(`${plain(name)}: estimated, not measured`, 'bold'), '']),
    ...table(columns, estimates, width, paint),
  ].join('\n');
}

/** Names to estimate on, for the terminal. */
export function hardwareTable(
  hardware: readonly Pick<HardwareModel, 'name' | 'title' | 'kind' | 'source'>[],
  { width = 100, color = false }: TerminalOptions = {},
): string {
  const named: Column<(typeof hardware)[number]>[] = [
    { heading: 'name', text: ({ name }) => plain(name) },
    { heading: 'kind', text: ({ kind }) => plain(kind) },
    { heading: 'hardware', text: ({ title }) => plain(title) },
    { heading: 'numbers from', text: ({ source }) => plain(source), drop: 1, shrink: { least: 24 } },
  ];
  return table(named, hardware, width, painter(color)).join('\n');
}

const columns: Column<HardwareEstimate>[] = [
  { heading: 'hardware', text: ({ hardware }) => plain(hardware) },
  { heading: 'kind', text: ({ kind }) => plain(kind), drop: 2 },
  { heading: 'latency', align: 'right', text: ({ milliseconds }) => formatMs(milliseconds) },
  { heading: 'energy', align: 'right', text: ({ millijoules: mj }) => (mj === undefined ? '?' : formatEnergy(1000 * mj)) },
  { heading: 'mostly bound by', text: mostly },
  {
    heading: '',
    text: ({ memory, storage }) => (memory?.fits === false || storage?.fits === false ? 'does not fit' : ''),
    style: () => 'yellow',
  },
];

function mostly({ bounds, milliseconds }: HardwareEstimate): string {
  const [[bound, time]] = Object.entries(bounds).sort(([, a], [, b]) => b - a);
  return milliseconds > 0 ? `${bound} (${formatShare(time / milliseconds)})` : '-';
}
