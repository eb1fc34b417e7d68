import type { RunInfo } from '../../../strategies/index.js';
import { frontRows, plural, scatter } from '../../info/index.js';
import { keyOf } from './keys.js';
import { displayWidth, type Painter, padded, type Style, shortened } from './text.js';

const HEIGHT = 12;
const WIDEST = 72;

/** Validation quality against the size of the file, in text: the table's keys for the front, "·" for the rest. Empty where it does not fit. */
export function frontScatter(info: RunInfo, width: number, paint: Painter): string[] {
  const drawing = scatter(info);
  if (!drawing || drawing.points.length < 2) return [];
  const { x, y, points } = drawing;
  const gutter = Math.max(...y.ticks.map(({ text }) => displayWidth(text))) + 1;
  const columns = Math.min(WIDEST, width - gutter - 2);
  if (columns < 30) return [];

  const cells: { text: string; style?: Style }[][] = Array.from({ length: HEIGHT }, () =>
    Array.from({ length: columns }, () => ({ text: ' ' })),
  );
  const rows = frontRows(info);
  const rowOf = (at: number) => Math.round((1 - at) * (HEIGHT - 1));
  const columnOf = (at: number) => Math.round(at * (columns - 1));
  // The front is drawn last, so that it lies on top.
  const order = ['other', 'front', 'baseline'];
  for (const point of [...points].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role))) {
    const style: Style = point.role === 'baseline' ? 'yellow' : point.role === 'front' ? 'green' : 'dim';
    const text = point.role === 'other' ? '·' : keyOf(rows[point.index]);
    cells[rowOf(point.y.at)][columnOf(point.x.at)] = { text, style };
  }

  const marks = new Map(y.ticks.map(({ at, text }) => [rowOf(at), text]));
  const body = cells.map((line, row) => {
    const mark = marks.get(row);
    return `${paint(padded(mark ?? '', gutter - 1, 'right') + (mark ? '┤' : '│'), 'dim')}${line.map(({ text, style }) => paint(text, style)).join('')}`;
  });
  const outside = points.filter(({ x: onX, y: onY }) => onX.outside || onY.outside).length;
  const [rule, labels] = xAxis(x.ticks, columns, columnOf);
  return [
    shortened(`${y.label} against ${x.label.toLowerCase()} (${x.log ? 'logarithmic, ' : ''}best at the top left)`, width),
    ...body.map((line) => line.trimEnd()),
    paint(`${' '.repeat(gutter - 1)}└${rule}`, 'dim'),
    paint(`${' '.repeat(gutter)}${labels}`.trimEnd(), 'dim'),
    ...(outside > 0 ? [paint(`${plural(outside, 'model')} beyond the axes, drawn at the edge`, 'dim')] : []),
  ];
}

/** The axis with its marks, and the line of texts below, as many as do not touch. */
function xAxis(ticks: readonly { at: number; text: string }[], columns: number, columnOf: (at: number) => number): [string, string] {
  const rule = new Array<string>(columns).fill('─');
  let labels = '';
  for (const { at, text } of ticks) {
    const column = columnOf(at);
    const start = Math.min(Math.max(0, column - Math.floor(text.length / 2)), columns - text.length);
    if (start < labels.length + (labels ? 2 : 0)) continue;
    rule[column] = '┬';
    labels = padded(labels, start) + text;
  }
  return [rule.join(''), labels];
}
