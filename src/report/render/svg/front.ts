import type { RunInfo } from '../../../strategies/index.js';
import { type Scatter, type ScatterPoint, scatter, summarize } from '../../info/index.js';
import { element, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { type Box, type Line, placeLabels } from './labels.js';
import { type ChartOptions, chart, fitted, textWidth } from './theme.js';

const WIDTH = 800;
const HEIGHT = 480;
const plot = { left: 68, right: WIDTH - 24, top: 92, bottom: HEIGHT - 62 };

/** The front as a picture: validation quality against the size of the file, the baseline marked, what is beaten in grey. A complete SVG file. */
export function frontSvg(info: RunInfo, options?: ChartOptions): string {
  const { headline } = summarize(info);
  const title = `${info.name}: ${info.strategy}`;
  const drawing = scatter(info);
  const heading = [
    element('text', { x: 24, y: 30, class: 'title' }, fitted(plain(title), WIDTH - 48, 16)),
    element('text', { x: 24, y: 51, class: 'muted' }, fitted(plain(headline), WIDTH - 48)),
  ];
  const frame = { width: WIDTH, height: HEIGHT, title, description: description(drawing, headline) };
  return chart(frame, [...heading, ...(drawing ? body(drawing) : [])], options);
}

function body(drawing: Scatter): Markup[] {
  const { x, y, points } = drawing;
  const at = (point: ScatterPoint) => ({ x: across(point.x.at), y: up(point.y.at) });
  const drawn = [...points].sort((a, b) => order(a) - order(b));
  return [
    ...x.ticks.map((tick) => element('path', { class: 'grid', d: `M${round(across(tick.at))} ${plot.top}V${plot.bottom}` })),
    ...y.ticks.map((tick) => element('path', { class: 'grid', d: `M${plot.left} ${round(up(tick.at))}H${plot.right}` })),
    ...x.ticks.map((tick) =>
      element('text', { x: across(tick.at), y: plot.bottom + 18, 'text-anchor': 'middle', class: 'muted' }, tick.text),
    ),
    ...y.ticks.map((tick) => element('text', { x: plot.left - 8, y: up(tick.at) + 4, 'text-anchor': 'end', class: 'muted' }, tick.text)),
    element('path', { class: 'axis', d: `M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}` }),
    element('text', { x: plot.left, y: plot.top - 8, class: 'strong' }, `${y.label} ↑`),
    element(
      'text',
      { x: plot.right, y: HEIGHT - 26, 'text-anchor': 'end', class: 'strong' },
      `← ${x.label}${x.log ? ', logarithmic' : ''}`,
    ),
    ...staircase(drawing),
    ...drawn.filter(({ role }) => role !== 'other').flatMap((point) => intervalBar(point)),
    ...drawn.map((point) => mark(point, at(point))),
    ...labels(drawn, at, lineBoxes(drawing)),
    ...legend(points),
  ];
}

function across(share: number): number {
  return plot.left + share * (plot.right - plot.left);
}

function up(share: number): number {
  return plot.bottom - share * (plot.bottom - plot.top);
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

/** What matters most lies on top. */
function order({ role }: ScatterPoint): number {
  return { other: 0, front: 1, baseline: 2 }[role];
}

/** The edge of what the run reached: at each size, the best quality at hand. */
function staircase({ points, line }: Scatter): Markup[] {
  const corners = line.flatMap((index) => points.find((point) => point.index === index) ?? []);
  if (corners.length === 0) return [];
  const [first, ...rest] = corners.map((point) => ({ x: round(across(point.x.at)), y: round(up(point.y.at)) }));
  const steps = `M${first.x} ${first.y}${rest.map(({ x, y }) => `H${x}V${y}`).join('')}H${plot.right}`;
  return [
    element('path', { class: 'region', d: `${steps}V${plot.bottom}H${first.x}Z` }),
    element('path', { class: 'staircase', d: steps }),
  ];
}

function intervalBar({ x, y, role }: ScatterPoint): Markup[] {
  if (!y.interval || y.outside) return [];
  const [low, high] = y.interval.map((end) => round(up(end)));
  const middle = round(across(x.at));
  return [element('path', { class: `interval ${role}`, d: `M${middle} ${low}V${high}M${middle - 4} ${low}h8M${middle - 4} ${high}h8` })];
}

/** A disc on the front, a diamond for the original, a ring for the rest; a triangle on the edge for what lies beyond the axes. */
function mark(point: ScatterPoint, { x, y }: { x: number; y: number }): Markup {
  const kind = `point ${point.role}`;
  const name = element('title', {}, `${point.label}: ${point.y.text}, ${point.x.text}`);
  const outside = point.y.outside ?? point.x.outside;
  if (outside) {
    const tip = point.y.outside
      ? outside === 'low'
        ? 'M-5 -8h10l-5 8z'
        : 'M-5 8h10l-5 -8z'
      : outside === 'low'
        ? 'M8 -5v10l-8 -5z'
        : 'M-8 -5v10l8 -5z';
    return element('path', { class: kind, d: tip, transform: `translate(${round(x)} ${round(y)})` }, name);
  }
  if (point.role === 'baseline')
    return element('path', { class: kind, d: 'M0 -7.5L7.5 0L0 7.5L-7.5 0Z', transform: `translate(${round(x)} ${round(y)})` }, name);
  return element('circle', { class: kind, cx: x, cy: y, r: point.role === 'front' ? 6 : 4 }, name);
}

/** What it costs a label to lie on the edge, and on an interval bar. */
const EDGE_COST = 40;
const INTERVAL_COST = 12;

/** Where the edge and the interval bars run, for labels to keep off. */
function lineBoxes({ points, line }: Scatter): Line[] {
  const corners = line.flatMap((index) => points.find((point) => point.index === index) ?? []);
  const boxes: Line[] = [];
  corners.forEach((corner, i) => {
    const next = corners.at(i + 1);
    const [x, y] = [across(corner.x.at), up(corner.y.at)];
    const right = next ? across(next.x.at) : plot.right;
    boxes.push({ x, y: y - 1, width: right - x, height: 2, cost: EDGE_COST });
    if (next) boxes.push({ x: right - 1, y: up(next.y.at), width: 2, height: y - up(next.y.at), cost: EDGE_COST });
  });
  for (const { x, y, role } of points) {
    if (role === 'other' || !y.interval) continue;
    const [low, high] = y.interval.map(up);
    boxes.push({ x: across(x.at) - 4, y: high, width: 8, height: low - high, cost: INTERVAL_COST });
  }
  return boxes;
}

function labels(points: readonly ScatterPoint[], at: (point: ScatterPoint) => { x: number; y: number }, lines: readonly Line[]): Markup[] {
  const named = points.filter(({ role }) => role !== 'other').reverse();
  const texts = named.map(({ label }) => fitted(plain(label), 300));
  const around = (point: ScatterPoint, size: number): Box => ({
    x: at(point).x - size,
    y: at(point).y - size,
    width: 2 * size,
    height: 2 * size,
  });
  const obstacles = points.map((point) => around(point, point.role === 'other' ? 4 : 7));
  const area = { x: plot.left + 2, y: plot.top, width: plot.right - plot.left - 2, height: plot.bottom - plot.top };
  const boxes = placeLabels(
    named.map((point, i) => ({ ...at(point), width: textWidth(texts[i]) + 2, height: 15 })),
    obstacles,
    lines,
    area,
  );
  return named.flatMap((point, i) => {
    const box = boxes[i];
    if (!box) return [];
    const label = element('text', { x: box.x + 1, y: box.y + 11.5, class: point.role === 'baseline' ? 'halo strong' : 'halo' }, texts[i]);
    const leader = leaderLine(at(point), box);
    return leader ? [leader, label] : [label];
  });
}

/** A thin line to a label that does not stand next to its point. */
function leaderLine(point: { x: number; y: number }, box: Box): Markup | undefined {
  const x = Math.min(Math.max(point.x, box.x), box.x + box.width);
  const y = Math.min(Math.max(point.y, box.y), box.y + box.height);
  if (Math.hypot(point.x - x, point.y - y) < 14) return undefined;
  return element('path', { class: 'leader', d: `M${round(point.x)} ${round(point.y)}L${round(x)} ${round(y)}` });
}

function legend(points: readonly ScatterPoint[]): Markup[] {
  const entries = [
    { role: 'baseline', text: 'original' },
    { role: 'front', text: 'front' },
    { role: 'other', text: 'beaten, or outside the limits' },
  ].filter(({ role }) => points.some((point) => point.role === role));
  const found: Markup[] = [];
  let left = plot.left;
  const y = HEIGHT - 18;
  for (const { role, text } of entries) {
    const shape =
      role === 'baseline'
        ? element('path', { class: `point ${role}`, d: `M${left + 6} ${y - 10}l6 6l-6 6l-6 -6z` })
        : element('circle', { class: `point ${role}`, cx: left + 6, cy: y - 4, r: role === 'front' ? 5 : 4 });
    found.push(shape, element('text', { x: left + 17, y, class: 'muted' }, text));
    left += 34 + textWidth(text);
  }
  if (points.some((point) => point.role !== 'other' && point.y.interval)) {
    const bar = element('path', { class: 'interval', d: `M${left + 5} ${y - 10}v12m-4 0h8m-8 -12h8` });
    found.push(bar, element('text', { x: left + 17, y, class: 'muted' }, '95% interval'));
  }
  return found;
}

function description(drawing: Scatter | undefined, headline: string): string {
  if (!drawing) return headline;
  const named = drawing.points.filter(({ role }) => role !== 'other').map(({ label, x, y }) => `${label}: ${y.text}, ${x.text}`);
  return `${headline} ${drawing.y.label} against ${drawing.x.label.toLowerCase()}. ${named.join('; ')}.`;
}
