import type { ScatterAxis } from '../info/index.js';
import { across, type Frame, placesOf, tickRoom, up } from './frame.js';
import { shape } from './nodes.js';
import type { State } from './state.js';

/** Half the length of the end of an interval's bar. */
const END = 4;

/** Draws what lies below the points: axes, the line of the front, intervals. */
export function drawGround(ground: SVGElement, state: State, frame: Frame): void {
  ground.replaceChildren();
  const [x, y] = [state.axis('x'), state.axis('y')];
  drawAxes(ground, x, y, frame);
  drawLine(ground, state, frame);
  for (let index = 0; index < state.data.models.length; index++) drawIntervals(ground, state, index, frame);
}

function drawAxes(ground: SVGElement, x: ScatterAxis, y: ScatterAxis, frame: Frame): void {
  const { left, right, top, bottom, height } = frame;
  let free = Number.NEGATIVE_INFINITY;
  for (const { at, text } of x.ticks) {
    const px = across(frame, at);
    shape(ground, 'path', { class: 'grid', d: `M${px} ${top}V${bottom}` });
    if (px < free) continue;
    shape(ground, 'text', { x: px, y: bottom + 17, 'text-anchor': 'middle', class: 'muted' }, text);
    free = px + tickRoom(x);
  }
  for (const { at, text } of y.ticks) {
    const py = up(frame, at);
    shape(ground, 'path', { class: 'grid', d: `M${left} ${py}H${right}` });
    shape(ground, 'text', { x: left - 7, y: py + 4, 'text-anchor': 'end', class: 'muted' }, text);
  }
  shape(ground, 'path', { class: 'axis', d: `M${left} ${top}V${bottom}H${right}` });
  shape(ground, 'text', { x: left, y: 16, class: 'strong' }, `${y.better === 'more' ? '↑' : '↓'} ${title(y)}`);
  const name = x.better === 'more' ? `${title(x)} →` : `← ${title(x)}`;
  shape(ground, 'text', { x: right, y: height - 6, 'text-anchor': 'end', class: 'strong' }, name);
}

function title({ label, log }: ScatterAxis): string {
  return log ? `${label}, logarithmic` : label;
}

/** The front in these two measures, as the stairs that it is. */
function drawLine(ground: SVGElement, state: State, frame: Frame): void {
  const [x, y] = [state.axis('x'), state.axis('y')];
  const [first, ...rest] = (state.data.lines[`${x.name}/${y.name}`] ?? []).flatMap((index) => {
    const [placeX, placeY] = [x.places[index], y.places[index]];
    return placeX && placeY ? [{ px: across(frame, placeX.at), py: up(frame, placeY.at) }] : [];
  });
  if (!first || rest.length === 0) return;
  const turns = rest.map(({ px, py }) => (x.better === 'less' ? `H${px}V${py}` : `V${py}H${px}`));
  shape(ground, 'path', { class: 'staircase', d: `M${first.px} ${first.py}${turns.join('')}` });
}

function drawIntervals(ground: SVGElement, state: State, index: number, frame: Frame): void {
  const { role } = state.data.models[index];
  const at = role === 'other' ? undefined : placesOf(state, index);
  if (!at) return;
  const [px, py] = [across(frame, at.x.at), up(frame, at.y.at)];
  const bar = (d: string) => shape(ground, 'path', { class: `interval ${role}`, d });
  if (at.y.interval) {
    const [low, high] = at.y.interval.map((share) => up(frame, share));
    bar(`M${px} ${low}V${high}M${px - END} ${low}h${2 * END}M${px - END} ${high}h${2 * END}`);
  }
  if (at.x.interval) {
    const [low, high] = at.x.interval.map((share) => across(frame, share));
    bar(`M${low} ${py}H${high}M${low} ${py - END}v${2 * END}M${high} ${py - END}v${2 * END}`);
  }
}
