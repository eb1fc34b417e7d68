import { type Expr, loops, max, min, minus, number, plus, range, rest, type Statement } from '../loops/index.js';
import { computedOperand, materialize, type Operand, sliced } from '../operands/index.js';
import { like } from './elementwise.js';
import { orderOf } from './lines.js';
import type { KernelRule, NestContext } from './rule.js';

/** Copies into the result whatever was not written there when it was computed. */
function concat(context: NestContext): void {
  const { node } = context;
  const parts = node.inputs.flatMap((input) => (input ? [context.operand(input)] : []));
  const shape = context.shape();
  const axis = (node.int('axis', 0) + shape.length) % shape.length;
  const sink = context.output(0, { order: orderOf(parts.find(({ stored, constant }) => stored && !constant) ?? parts[0]) });
  const whole = sink.operand.stored;
  let start = 0;
  const body = parts.flatMap((part): Statement[] => {
    const target = { ...whole, offset: whole.offset + start * whole.strides[axis] };
    start += part.shape[axis];
    const isThere = !part.constant && part.stored?.buffer === target.buffer && part.stored.offset === target.offset;
    return isThere || part.shape.includes(0) ? [] : materialize(part, target);
  });
  if (body.length > 0) context.emit(body);
}

interface Padding {
  readonly heads: readonly number[];
  readonly tails: readonly number[];
}

function paddingsOf(context: NestContext, rank: number): Padding {
  const { node } = context;
  const pads = context.integers(1) ?? [];
  const axes = context.integers(3)?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? Array.from({ length: rank }, (_, axis) => axis);
  const at = (axis: number, half: number) => {
    const place = axes.indexOf(axis);
    return place < 0 ? 0 : pads[place + half * axes.length];
  };
  const all = Array.from({ length: rank }, (_, axis) => axis);
  if (pads.length !== 2 * axes.length)
    context.refuse(`its ${pads.length} paddings do not fit ${axes.length} axes of "${node.inputs[0]?.name}"`);
  return { heads: all.map((axis) => at(axis, 0)), tails: all.map((axis) => at(axis, 1)) };
}

/** Negative paddings cut off. */
function pad(context: NestContext): void {
  const given = context.cheap(0);
  const { heads, tails } = paddingsOf(context, given.shape.length);
  const cut = (paddings: readonly number[]) => paddings.map((each) => Math.max(0, -each));
  const inner = given.shape.map((size, axis) => size - cut(heads)[axis] - cut(tails)[axis]);
  const ones = given.shape.map(() => 1);
  const x = [...heads, ...tails].some((each) => each < 0) ? sliced(given, cut(heads), ones, inner) : given;
  const before = heads.map((each) => Math.max(0, each));
  const mode = context.node.string('mode', 'constant');
  const sink = context.output(0, { order: orderOf(x) });
  if (mode === 'constant') {
    context.emit(filled(context, x, before, sink));
    return;
  }
  const source = (each: Expr, axis: number): Expr => {
    if (heads[axis] <= 0 && tails[axis] <= 0) return each;
    return placeOf(minus(each, before[axis]), inner[axis], before[axis], mode);
  };
  const padded = computedOperand(context.shape(), x.type, (indices) => x.at(indices.map(source)));
  context.emit(overShape(orderOf(x), sink.shape, (indices) => sink.store(indices, padded.at(indices))));
}

/** Which element stands at a place outside. */
function placeOf(at: Expr, size: number, head: number, mode: string): Expr {
  if (mode === 'edge') return min(max(at, number(0)), number(size - 1));
  if (mode === 'wrap') return rest(plus(at, size * Math.ceil(head / size)), size);
  // Mirrored again and again: with a period of twice the size without the ends.
  if (size === 1) return number(0);
  const period = 2 * (size - 1);
  const within = rest(plus(at, period * Math.ceil(head / period)), period);
  return min(within, minus(period, within));
}

function overShape(
  order: readonly number[],
  shape: readonly number[],
  body: (indices: readonly Expr[]) => readonly Statement[],
): Statement[] {
  return loops(
    ['i', 'j', 'k', 'l', 'm'],
    order.map((axis) => shape[axis]),
    (counts) => body(shape.map((_, axis) => counts[order.indexOf(axis)])),
  );
}

/** The input, and around it one number: runs of either, without a question for each element. */
function filled(context: NestContext, x: Operand, heads: readonly number[], sink: ReturnType<NestContext['output']>): Statement[] {
  const order = orderOf(x);
  const given = context.has(2) ? context.cheap(2) : undefined;
  const sample = x.at(x.shape.map(() => number(0)));
  const value = given ? given.at(given.shape.map(() => number(0))) : like(sample, 0);
  const { shape } = sink;
  const nest = (each: number, inside: boolean, indices: readonly Expr[], places: readonly Expr[]): Statement[] => {
    if (each === order.length) {
      const to = shape.map((_, axis) => indices[order.indexOf(axis)]);
      return sink.store(to, inside ? x.at(shape.map((_, axis) => places[order.indexOf(axis)])) : value);
    }
    const axis = order[each];
    const [head, size] = [heads[axis], x.shape[axis]];
    const run = (from: number, to: number, within: boolean) =>
      to - from === 1
        ? nest(each + 1, within, [...indices, number(from)], [...places, number(from - head)])
        : range(['i', 'j', 'k', 'l', 'm'][each] ?? 'i', from, to, (at) =>
            nest(each + 1, within, [...indices, at], [...places, minus(at, head)]),
          );
    if (!inside || (head === 0 && size === shape[axis])) return run(0, shape[axis], inside);
    return [...run(0, head, false), ...run(head, head + size, true), ...run(head + size, shape[axis], false)];
  };
  return nest(0, true, [], []);
}

export const joins: Readonly<Record<string, KernelRule>> = {
  Concat: { kind: 'nest', emit: concat },
  Pad: { kind: 'nest', absorbs: true, emit: pad },
};
