import { poolWindows } from '../../../ops/index.js';
import {
  add,
  assign,
  binary,
  both,
  cast,
  div,
  type Expr,
  lanes,
  limitsOf,
  local,
  loops,
  max,
  min,
  minus,
  mul,
  number,
  plus,
  read,
  register,
  registers,
  type Statement,
  select,
  set,
  times,
  unary,
  variable,
} from '../loops/index.js';
import { like } from './elementwise.js';
import { overPlacesAndChannels } from './order.js';
import type { KernelRule, NestContext } from './rule.js';
import type { LoopOrder } from './schedule.js';
import { lanesFor } from './tile.js';
import { channelsLast, inputPlace, overTaps, type Slide, slidesOf } from './windows.js';

/** The smallest number of a type, as what a maximum begins with. */
export function lowest(x: Expr, stored: string): Expr {
  if (x.type === 'f32' || x.type === 'f64') return number(Number.NEGATIVE_INFINITY, x.type);
  if (x.type === 'i64') return number(-(2n ** 63n), 'i64');
  return number(x.type === 'i32' && /^[iu](8|16)$/.test(stored) ? limitsOf(stored as 'i8')[0] : x.type === 'i32' ? -(2 ** 31) : 0, x.type);
}

/** The largest number of a type, as what a minimum begins with. */
export function highest(x: Expr, stored: string): Expr {
  if (x.type === 'f32' || x.type === 'f64') return number(Number.POSITIVE_INFINITY, x.type);
  if (x.type === 'i64' || x.type === 'u64') return number(x.type === 'i64' ? 2n ** 63n - 1n : 2n ** 64n - 1n, x.type);
  if (x.type === 'u32') return number(2 ** 32 - 1, 'u32');
  return number(/^[iu](8|16)$/.test(stored) ? limitsOf(stored as 'i8')[1] : 2 ** 31 - 1, 'i32');
}

/** The largest, the mean, or the p-th root of the sum of p-th powers. */
type PoolKind = 'max' | 'average' | 'lp';

/** Runs along the places of an output whose channels lie last, some channels at once. */
function pool(context: NestContext, slides: readonly Slide[], kind: PoolKind): void {
  const x = context.cheap(0);
  const [batch, channels] = x.shape;
  const order = channelsLast(x.shape);
  const sink = context.output(0, { order });
  const zero = x.at(x.shape.map(() => number(0)));
  const type = zero.type;
  const p = context.node.int('p', 2);
  const names = ['row', 'column', 'plane'];
  const counts = kind === 'average' ? countOf(context, slides) : undefined;
  const sizes = slides.map(({ output }) => output);
  const { lanes: most, order: loopOrder, unroll } = context.tiling('pool');
  const body = (size: number, outer: LoopOrder, taps: number) =>
    loops(['n'], [batch], ([n]) =>
      overPlacesAndChannels(names, sizes, { channels, lanes: size, order: outer }, (place, channel, wide) => {
        const all = registers(kind === 'max' ? 'most' : 'sum', type, wide);
        const begin = kind === 'max' ? lowest(zero, x.type) : like(zero, 0);
        const gathered = (taken: readonly Expr[]) => {
          const along = inputPlace(slides, place, taken);
          return lanes(0, wide, (lane) => {
            const each = x.at([n, plus(channel, lane), ...along]);
            const part = kind === 'lp' ? power(each, p) : each;
            return [set(all, lane, kind === 'max' ? max(register(all, lane), each) : add(register(all, lane), part))];
          });
        };
        return [
          { kind: 'registers', registers: all },
          ...lanes(0, wide, (lane) => [set(all, lane, begin)]),
          ...overTaps(slides, place, false, gathered, taps),
          ...lanes(0, wide, (lane): Statement[] => {
            const sum = kind === 'lp' ? root(register(all, lane), p) : register(all, lane);
            return sink.store([n, plus(channel, lane), ...place], counts ? div(sum, cast(type, counts(place))) : sum);
          }),
        ];
      }),
    );
  // Without vectors a channel at a time keeps the code short.
  context.emit(body(lanesFor(channels, most), loopOrder, unroll), { plain: body(1, 'places', 1) });
}

/** |x|^p. */
function power(x: Expr, p: number): Expr {
  if (p === 1) return unary('abs', x);
  return p === 2 ? mul(x, x) : binary('pow', unary('abs', x), number(p, x.type));
}

function root(sum: Expr, p: number): Expr {
  if (p === 1) return sum;
  return p === 2 ? unary('sqrt', sum) : binary('pow', sum, number(1 / p, sum.type));
}

/** How many places an average is over. */
function countOf({ node }: NestContext, slides: readonly Slide[]): (place: readonly Expr[]) => Expr {
  const withPadding = node.int('count_include_pad', 0) === 1;
  return (place) =>
    slides
      .map((slide, axis): Expr => {
        const { kernel, stride, head, tail, input, dilation, output } = slide;
        const [low, high] = withPadding ? [-head, input + tail] : [0, input];
        const start = minus(times(place[axis], stride), head);
        const whole = -head >= low && (output - 1) * stride - head + dilation * (kernel - 1) < high;
        if (whole) return number(kernel);
        const taps = Array.from({ length: kernel }, (_, k) => plus(start, k * dilation));
        if (dilation === 1) return minus(min(number(high), plus(start, kernel)), max(number(low), start));
        return taps.map((at) => both(binary('ge', at, number(low)), binary('lt', at, number(high)))).reduce((sum, each) => plus(sum, each));
      })
      .reduce((all, count) => mul(all, count));
}

function windowed(kind: PoolKind): KernelRule {
  return {
    kind: 'nest',
    absorbs: true,
    emit: (context) => {
      if (context.node.int('storage_order', 0) === 1) context.refuse('its indices are asked for by columns');
      if (context.wants(1)) return maxWithIndices(context);
      return pool(context, slidesOf(poolWindows(context.node), context.input(0).shape, context.shape()), kind);
    },
  };
}

/** The maximum and where it is: the row-major index in the whole input. */
function maxWithIndices(context: NestContext): void {
  const x = context.cheap(0);
  const slides = slidesOf(poolWindows(context.node), x.shape, context.shape());
  const [sink, places] = [context.output(0), context.output(1)];
  const zero = x.at(x.shape.map(() => number(0)));
  const [most, at] = [variable('most', zero.type), variable('at', 'i32')];
  const sizes = slides.map(({ input }) => input);
  const body = loops(['n', 'c', 'row', 'column', 'plane'], sink.shape, ([n, c, ...place]) => [
    { kind: 'declare', variable: most, value: lowest(zero, x.type) },
    { kind: 'declare', variable: at, value: number(0) },
    ...overTaps(slides, place, false, (taken) => {
      const along = inputPlace(slides, place, taken);
      const flat = along.reduce((sum, each, axis) => plus(times(sum, sizes[axis]), each), plus(times(n, x.shape[1]), c));
      const each = x.at([n, c, ...along]);
      return local('each', each, (value) =>
        local('more', binary('gt', value, read(most)), (more) => [
          assign(at, select(more, flat, read(at))),
          assign(most, select(more, value, read(most))),
        ]),
      );
    }),
    ...sink.store([n, c, ...place], read(most)),
    ...places.store([n, c, ...place], cast('i64', read(at))),
  ]);
  context.emit(body);
}

/** One window over all places. */
function global(kind: PoolKind): KernelRule {
  return {
    kind: 'nest',
    absorbs: true,
    emit: (context) => {
      const { shape } = context.input(0);
      const whole = shape.slice(2).map(
        (size): Slide => ({
          kernel: size,
          stride: 1,
          dilation: 1,
          head: 0,
          tail: 0,
          autoPad: 'NOTSET',
          ceil: false,
          sameSpan: size,
          input: size,
          output: 1,
        }),
      );
      pool(context, whole, kind);
    },
  };
}

export const pools: Readonly<Record<string, KernelRule>> = {
  AveragePool: windowed('average'),
  GlobalAveragePool: global('average'),
  GlobalLpPool: global('lp'),
  GlobalMaxPool: global('max'),
  LpPool: windowed('lp'),
  MaxPool: windowed('max'),
};
