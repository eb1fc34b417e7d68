import { sizeOf } from '../../base/index.js';
import type { AxisRef, CouplingContext } from '../rule.js';
import { originsOfInput, rewriteLiterals, type SizeOrigin } from './shape-flow.js';

/** Consecutive axes of a reshape's input and output that hold the same elements. Axes of size 1 belong to no group. */
interface AxisGroup {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** The smallest groups of axes that a reshape from one shape to another maps onto each other. Shapes must have equally many elements. */
function reshapeGroups(from: readonly number[], to: readonly number[]): AxisGroup[] {
  const groups: AxisGroup[] = [];
  const pending = { from: longAxes(from), to: longAxes(to) };
  while (pending.from.length > 0 && pending.to.length > 0) {
    const group = { from: [pending.from.shift() as number], to: [pending.to.shift() as number] };
    let left = from[group.from[0]];
    let right = to[group.to[0]];
    while (left !== right) {
      const [side, shape] = left < right ? (['from', from] as const) : (['to', to] as const);
      const axis = pending[side].shift();
      if (axis === undefined) return groups;
      group[side].push(axis);
      if (side === 'from') left *= shape[axis];
      else right *= shape[axis];
    }
    groups.push(group);
  }
  return groups;
}

function longAxes(shape: readonly number[]): number[] {
  return shape.flatMap((size, axis) => (size === 1 ? [] : [axis]));
}

/**
 * Ties the axes of input 0 and output 0 of a node that gives the same elements another shape. An axis that is kept goes with itself, one
 * that is merged or split with one of its parts: the longest that nothing else locks; of several that become several others, the leading two.
 * @param mayShrink whether an output axis follows when the input loses indices. Others stay locked.
 */
export function tieReshaped(context: CouplingContext, mayShrink: (outputAxis: number) => boolean = () => true): void {
  const input = context.input(0);
  const output = context.output(0);
  const from = context.shape(input);
  const to = context.shape(output);
  if (sizeOf(from) !== sizeOf(to) || sizeOf(from) === 0) return;
  for (const group of reshapeGroups(from, to)) {
    const inner = group.from.map((axis) => ({ value: input, axis }));
    const outer = group.to.filter(mayShrink).map((axis) => ({ value: output, axis }));
    if (outer.length === 0) continue;
    if (group.from.length === 1 && group.to.length === 1) context.tie(inner[0], outer[0]);
    else if (group.to.length === 1) context.tieOneOf(outer[0], choices(inner, group.from, from));
    else if (group.from.length === 1) context.tieOneOf(inner[0], choices(outer, group.to, to));
    else if (mayShrink(group.to[0])) tieLeading(context, inner[0], { value: output, axis: group.to[0] });
  }
}

/**
 * Of axes that are regrouped, as [channels, height, width] into [groups, rest], the leading ones hold blocks of the same elements where one
 * size divides the other: a block of the longer goes with one index of the shorter. The axes behind them stay.
 */
function tieLeading(context: CouplingContext, inner: AxisRef, outer: AxisRef): void {
  const [a, b] = [context.shape(inner.value)[inner.axis], context.shape(outer.value)[outer.axis]];
  const [long, short, ratio] = a >= b ? [inner, outer, a / b] : [outer, inner, b / a];
  if (!Number.isInteger(ratio)) return;
  context.tie(short, long, (index) => Array.from({ length: ratio }, (_, place) => index * ratio + place));
}

/** Ways to tie a whole axis, which lists `axes` in row-major order, with one of `parts`: the longest first. */
function choices(parts: readonly AxisRef[], axes: readonly number[], shape: readonly number[]) {
  const whole = sizeOf(axes.map((axis) => shape[axis]));
  return parts
    .map((part) => {
      const size = shape[part.axis];
      const step = sizeOf(axes.slice(axes.indexOf(part.axis) + 1).map((axis) => shape[axis]));
      return { axis: part, size, map: (index: number) => placesOf(index, size, step, whole) };
    })
    .sort((a, b) => b.size - a.size)
    .map(({ axis, map }) => ({ axis, map }));
}

/** Places in a row-major axis of `whole` elements at which a part of `size` indices, `step` elements apart, has index `index`. */
function placesOf(index: number, size: number, step: number, whole: number): number[] {
  const places: number[] = [];
  for (let block = index * step; block < whole; block += size * step) {
    for (let offset = 0; offset < step; offset++) places.push(block + offset);
  }
  return places;
}

/** The coupling of a reshape whose target shape is input 1: constant, or computed from the sizes of other tensors. */
export function coupleToTarget(context: CouplingContext): void {
  const origins = originsOfInput(context.node, 1);
  if (!origins) return;
  const output = context.output(0);
  const to = context.shape(output);
  tieReshaped(context, (axis) => follows(origins[axis]));
  tieOrigins(context, origins);
  context.afterwards((size) => {
    const before = context.shape(context.input(0));
    const now = size(context.input(0));
    const copies = context.node.int('allowzero', 0) === 0;
    rewriteLiterals(
      origins,
      size(output).map((dim, axis) => rewritten(origins[axis], dim, to[axis], copies && now[axis] === dim && before[axis] === to[axis])),
    );
  });
}

/** An axis whose size is read from another's stays true when both lose the same number of indices. */
export function tieOrigins(context: CouplingContext, origins: readonly SizeOrigin[]): void {
  const output = context.output(0);
  const to = context.shape(output);
  origins.forEach((origin, axis) => {
    if (origin.kind !== 'axis' || to[axis] === 1) return;
    if (context.shape(origin.axis.value)[origin.axis.axis] === to[axis]) context.tie(origin.axis, { value: output, axis });
  });
}

/** Whether a number of a target shape stays true, or can be rewritten, when its axis shrinks. */
export function follows(origin: SizeOrigin | undefined): boolean {
  if (origin?.kind === 'axis') return true;
  return origin?.kind === 'literal' && (origin.value === -1 || origin.holder !== undefined);
}

function rewritten(origin: SizeOrigin, size: number, before: number, copied: boolean): number {
  if (origin.kind !== 'literal' || origin.value === -1) return -1;
  if (origin.value === 0 && copied) return 0;
  return origin.value > 0 && size === before ? origin.value : size;
}
