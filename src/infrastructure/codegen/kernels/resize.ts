import { resizeTaps, type Tap } from '../../../ops/index.js';
import {
  add,
  binary,
  cast,
  type Expr,
  lanes,
  load,
  local,
  loop,
  loops,
  mul,
  number,
  over,
  plus,
  register,
  registers,
  type Statement,
  select,
  set,
  times,
} from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import { like } from './elementwise.js';
import { orderOf } from './lines.js';
import type { KernelRule, NestContext } from './rule.js';
import { blocks, lanesFor } from './tile.js';

/** One axis that is resized: tables of the elements that each index is made of. */
interface Axis {
  readonly axis: number;
  /** Elements for each index: the most that any has, weights of those that others lack are 0. */
  readonly count: number;
  readonly place: (index: Expr, tap: Expr) => Expr;
  readonly weight: (index: Expr, tap: Expr) => Expr;
  /** Whether an index has elements; undefined where all have. */
  readonly inside?: (index: Expr) => Expr;
}

function resize(context: NestContext): void {
  const x = context.cheap(0);
  const shape = context.shape();
  const axes = resizeTaps(context, x.shape, shape).flatMap((taps, axis) => (taps ? [axisOf(context, axis, taps)] : []));
  const sink = context.output(0, { order: orderOf(x) });
  const outside = axes.flatMap(({ axis, inside }) => (inside ? [{ axis, inside }] : []));
  const extrapolated = context.node.float('extrapolation_value', 0);
  const order = orderOf(x);
  const innermost = order[order.length - 1];
  // Lanes lie together only where places do not jump.
  const wide = axes.some(({ axis }) => axis === innermost) ? 1 : lanesFor(shape[innermost], context.tiling('resize').lanes);
  const outer = order.slice(0, -1);
  const single = axes.every(({ count }) => count === 1);
  const body = loops(
    ['i', 'j', 'k', 'l', 'm'],
    outer.map((axis) => shape[axis]),
    (counts) =>
      blocks(shape[innermost], wide, (block, size) => {
        const to = (lane: Expr) =>
          shape.map((_, axis) => (axis === innermost ? plus(times(block, wide), lane) : counts[outer.indexOf(axis)]));
        const store = (lane: Expr, value: Expr) => {
          const within = outside.reduce<Expr | undefined>((all, { axis, inside }) => {
            const each = inside(to(lane)[axis]);
            return all ? binary('and', all, each) : each;
          }, undefined);
          return sink.store(to(lane), within ? select(within, value, like(value, extrapolated)) : value);
        };
        if (single) return nearest(x, axes, to, size, store);
        return weighted(x, axes, to, size, store);
      }),
  );
  context.emit(body);
}

type Store = (lane: Expr, value: Expr) => Statement[];

/** One element for each. */
function nearest(x: Operand, axes: readonly Axis[], to: (lane: Expr) => Expr[], size: number, store: Store): Statement[] {
  const name = (each: number, places: readonly Expr[]): Statement[] => {
    if (each < axes.length)
      return local('from', axes[each].place(to(number(0))[axes[each].axis], number(0)), (place) => name(each + 1, [...places, place]));
    return lanes(0, size, (lane) => {
      const from = to(lane).map((index, axis) => {
        const at = axes.findIndex((other) => other.axis === axis);
        return at < 0 ? index : places[at];
      });
      return store(lane, x.at(from));
    });
  };
  return name(0, []);
}

/** A weighted sum over the elements of all axes. */
function weighted(x: Operand, axes: readonly Axis[], to: (lane: Expr) => Expr[], size: number, store: Store): Statement[] {
  const sums = registers('sums', 'f32', size);
  const nest = (each: number, weight: Expr | undefined, from: readonly (Expr | undefined)[]): Statement[] => {
    if (each === axes.length) {
      return lanes(0, size, (lane) => {
        const element = cast('f32', x.at(to(lane).map((index, axis) => from[axis] ?? index)));
        return [set(sums, lane, add(register(sums, lane), weight ? mul(weight, element) : element))];
      });
    }
    const { axis, count, place, weight: weightOf } = axes[each];
    const index = to(number(0))[axis];
    return loop('tap', count, (tap) =>
      local('weight', weight ? mul(weight, weightOf(index, tap)) : weightOf(index, tap), (product) =>
        local('from', place(index, tap), (at) => nest(each + 1, product, Object.assign([...from], { [axis]: at }))),
      ),
    );
  };
  const sample = x.at(x.shape.map(() => number(0)));
  const finish = (sum: Expr) => (sample.type === 'f32' ? sum : cast(sample.type, sum));
  return [
    { kind: 'registers', registers: sums },
    ...lanes(0, size, (lane) => [set(sums, lane, number(0, 'f32'))]),
    ...nest(
      0,
      undefined,
      x.shape.map(() => undefined),
    ),
    ...lanes(0, size, (lane) => store(lane, finish(register(sums, lane)))),
  ];
}

function axisOf(context: NestContext, axis: number, taps: readonly (readonly Tap[])[]): Axis {
  const count = Math.max(1, ...taps.map((each) => each.length));
  const flat = (of: (tap: Tap | undefined) => number) => taps.flatMap((each) => Array.from({ length: count }, (_, at) => of(each[at])));
  const name = `${context.node.outputs[0]?.name}_axis_${axis}`;
  const places = flat((tap) => tap?.[0] ?? 0);
  const at = (index: Expr, tap: Expr) => plus(times(index, count), tap);
  const step = count === 1 ? wholeStep(places) : undefined;
  const placeTable = step
    ? undefined
    : context.constantBuffer(
        `${name}_places`,
        places.every((place) => place < 65536) ? 'u16' : 'i32',
        places.every((place) => place < 65536) ? Uint16Array.from(places) : Int32Array.from(places),
      );
  const weights = count > 1 ? context.constantBuffer(`${name}_weights`, 'f32', Float32Array.from(flat((tap) => tap?.[1] ?? 0))) : undefined;
  const covered = taps.every((each) => each.length > 0);
  const insides = covered
    ? undefined
    : context.constantBuffer(
        `${name}_inside`,
        'u8',
        Uint8Array.from(taps, (each) => Number(each.length > 0)),
      );
  return {
    axis,
    count,
    place: (index, tap) => (placeTable ? load(placeTable, at(index, tap)) : step ? step(index) : number(0)),
    weight: (index, tap) => (weights ? load(weights, at(index, tap)) : number(1, 'f32')),
    ...(insides && { inside: (index: Expr) => load(insides, index) }),
  };
}

/** Places that repeat each element a number of times, or take each of some, without a table. */
function wholeStep(places: readonly number[]): ((index: Expr) => Expr) | undefined {
  const repeats = places.lastIndexOf(0) + 1;
  if (repeats > 1 && places.every((place, at) => place === Math.floor(at / repeats))) {
    return (index) => over(index, repeats);
  }
  const step = places[1] ?? 1;
  return places.every((place, at) => place === places[0] + at * step) && step > 0 && places[0] === 0
    ? (index) => times(index, step)
    : undefined;
}

export const resizes: Readonly<Record<string, KernelRule>> = {
  Resize: { kind: 'nest', absorbs: true, emit: resize },
};
