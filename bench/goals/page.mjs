// The tables of docs/goals.md.
import { table, writePart } from '../../examples/support/page.mjs';
import { differenceOf, ROWS, verdictOf } from './rows.mjs';

export function writePage({ models }, page) {
  for (const [row, claim] of Object.entries(ROWS)) writePart(page, row, tableOf(models, row, claim));
  writePart(page, 'summary', summaryOf(models));
}

function tableOf(models, row, claim) {
  const head = [
    'model',
    'test samples',
    'accuracy',
    'difference, 95% interval',
    'right to wrong, wrong to right',
    'size',
    'MACs',
    'time, 95% interval',
    '',
  ];
  const rows = Object.entries(models).flatMap(([name, { about, runs }]) => {
    const run = runs[row];
    if (!run) return [];
    const model = `${name} (${about})${claim.steps ? '' : `: ${run.commands?.map((words) => `\`${words}\``).join(', ')}`}`;
    if (!run.before) return [[model, '', `not done: ${run.why}`, '', '', '', '', '', '']];
    const [difference, low, high] = differenceOf(run).map(signed);
    return [
      [
        model,
        run.samples,
        `${percent(run.before)} → ${percent(run.after)}`,
        `${difference} (${low} to ${high})`,
        `${run.lost}, ${run.gained}`,
        `${(run.bytes[1] / run.bytes[0]).toFixed(2)}×`,
        `${(run.macs[1] / run.macs[0]).toFixed(2)}×`,
        run.time ? `${run.time[0].toFixed(2)}× (${run.time[1].toFixed(2)} to ${run.time[2].toFixed(2)})` : '',
        verdictOf(claim, run),
      ],
    ];
  });
  return table([head, ...rows]);
}

function summaryOf(models) {
  const rows = Object.entries(ROWS).map(([row, claim]) => {
    const verdicts = Object.values(models).flatMap(({ runs }) => (runs[row] ? [verdictOf(claim, runs[row])] : []));
    const count = (start) => verdicts.filter((verdict) => verdict.startsWith(start)).length;
    const surely = verdicts.filter((verdict) => verdict === 'holds, interval too').length;
    return [claim.title, `≤ ${claim.most}`, verdicts.length, count('holds'), surely, verdicts.filter((verdict) => verdict === 'no').length];
  });
  return table([
    ['', 'points that may be lost', 'models', 'hold', 'of these by the whole interval', 'interval leaves no doubt that not'],
    ...rows,
  ]);
}

function percent(share) {
  return `${(100 * share).toFixed(2)}%`;
}

function signed(points) {
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(2)}`;
}
