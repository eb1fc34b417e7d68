import {
  add,
  assign,
  binary,
  cast,
  div,
  type Expr,
  local,
  loops,
  max,
  min,
  minus,
  mul,
  mutable,
  number,
  plus,
  range,
  read,
  type ScalarType,
  select,
  sub,
  times,
  unary,
} from '../loops/index.js';
import { broadcast, type Operand, reshaped } from '../operands/index.js';
import { like } from './elementwise.js';
import { orderOf, overLines, sumOf } from './lines.js';
import type { KernelRule, NestContext, RuleContext, Sink } from './rule.js';

/** How elements are normalized together. */
interface Normalization {
  readonly x: Operand;
  /** Axes that statistics are taken over. */
  readonly axes: readonly number[];
  /** Whether the mean is taken off. */
  readonly centred: boolean;
  /** What the deviation is of the mean square. */
  readonly deviation: (meanSquare: Expr) => Expr;
  /** Stores an element that is normalized. */
  readonly store: (indices: readonly Expr[], value: Expr) => ReturnType<Sink['store']>;
  /** Stores statistics of a line: its mean and one over its deviation. */
  readonly statistics?: (indices: readonly Expr[], mean: Expr, inverse: Expr) => ReturnType<Sink['store']>;
}

/** (x - mean) / deviation, statistics in two passes: the mean first. */
function normalize(context: NestContext, { x, axes, centred, deviation, store, statistics }: Normalization): void {
  const sample = x.at(x.shape.map(() => number(0)));
  const sum = sumOf(sample.type);
  const body = overLines(context, x, axes, (line) => {
    const share = number(1 / line.length, sample.type);
    const rest = (mean: (lane: Expr) => Expr) => {
      const centre = (indices: readonly Expr[], lane: Expr) => (centred ? sub(x.at(indices), mean(lane)) : x.at(indices));
      return line.fold(
        { begin: sum.begin, step: sum.step },
        (indices, lane) => squared(centre(indices, lane)),
        (squares) =>
          line.value(
            'inverse',
            (lane) => div(like(sample, 1), deviation(mul(squares(lane), share))),
            (inverse) => [
              ...(statistics ? line.results((lane) => statistics(line.at(lane), mean(lane), inverse(lane))) : []),
              ...line.each((indices, lane) => store(indices, mul(centre(indices, lane), inverse(lane)))),
            ],
          ),
      );
    };
    if (!centred) return rest(() => like(sample, 0));
    return line.fold(
      sum,
      (indices) => x.at(indices),
      (total) => line.value('mean', (lane) => mul(total(lane), share), rest),
    );
  });
  context.emit(body);
}

const squared = (x: Expr) => mul(x, x);

/** √(mean square + epsilon). */
const withEpsilon = (epsilon: number) => (meanSquare: Expr) => unary('sqrt', add(meanSquare, number(epsilon, meanSquare.type)));

/** Axes from one on to the last. */
function axesFrom(context: RuleContext, rank: number): number[] {
  const first = (context.node.int('axis', -1) + rank) % Math.max(1, rank);
  return Array.from({ length: rank - first }, (_, each) => first + each);
}

/** Over the last axes, then times a scale and plus a bias. */
function layer(centred: boolean): KernelRule {
  return nest((context) => {
    const x = context.cheap(0);
    const axes = axesFrom(context, x.shape.length);
    const sink = context.output(0, { order: orderOf(x) });
    const scale = broadcast(context.cheap(1), x.shape);
    const bias = context.has(2) ? broadcast(context.cheap(2), x.shape) : undefined;
    const [mean, inverse] = [1, 2].map((index) => (context.wants(index) ? context.output(index) : undefined));
    normalize(context, {
      x,
      axes,
      centred,
      deviation: withEpsilon(context.node.float('epsilon', 1e-5)),
      store: (indices, value) => {
        const product = mul(value, cast(value.type, scale.at(indices)));
        return sink.store(indices, bias ? add(product, cast(value.type, bias.at(indices))) : product);
      },
      statistics:
        mean || inverse
          ? (indices, average, over) => [...(mean?.store(indices, average) ?? []), ...(inverse?.store(indices, over) ?? [])]
          : undefined,
    });
  });
}

/** Over the places of each channel, then times a scale and plus a bias of the channel. */
function instance(context: NestContext): void {
  const x = context.cheap(0);
  const sink = context.output(0, { order: orderOf(x) });
  const [scale, bias] = [context.cheap(1), context.cheap(2)];
  normalize(context, {
    x,
    axes: x.shape.map((_, axis) => axis).slice(2),
    centred: true,
    deviation: withEpsilon(context.node.float('epsilon', 1e-5)),
    store: (indices, value) => sink.store(indices, add(mul(value, scale.at([indices[1]])), bias.at([indices[1]]))),
  });
}

/** Over groups of channels with their places. */
function group(context: NestContext): void {
  const stored = context.stored(0);
  const groups = context.node.int('num_groups', 1);
  const [batch, channels, ...places] = stored.shape;
  const size = channels / groups;
  const x = reshaped(stored, [batch, groups, size, ...places]);
  const sink = context.output(0, { order: orderOf(stored) });
  // Until opset 21 there was one scale for each group.
  const [scale, bias] = [context.cheap(1), context.cheap(2)];
  normalize(context, {
    x,
    axes: x.shape.map((_, axis) => axis).slice(2),
    centred: true,
    deviation: withEpsilon(context.node.float('epsilon', 1e-5)),
    store: ([n, each, within, ...rest], value) => {
      const channel = plus(times(each, size), within);
      const at = [scale.shape[0] === groups ? each : channel];
      return sink.store([n, channel, ...rest], add(mul(value, scale.at(at)), bias.at(at)));
    },
  });
}

/** Over axes, batch among them; the deviation is kept from zero by little. */
function meanVariance(context: NestContext): void {
  const x = context.cheap(0);
  const sink = context.output(0, { order: orderOf(x) });
  const axes = (context.node.ints('axes', undefined) ?? [0, 2, 3]).map((axis) => (axis + x.shape.length) % x.shape.length);
  normalize(context, {
    x,
    axes,
    centred: true,
    deviation: (meanSquare) => add(unary('sqrt', meanSquare), number(1e-9, meanSquare.type)),
    store: (indices, value) => sink.store(indices, value),
  });
}

/** Over the sum of magnitudes, or the root of the sum of squares, along an axis. Zeros stay. */
function lp(context: NestContext): void {
  const x = context.cheap(0);
  const sink = context.output(0, { order: orderOf(x) });
  const sample = x.at(x.shape.map(() => number(0)));
  const axis = (context.node.int('axis', -1) + x.shape.length) % x.shape.length;
  const absolute = context.node.int('p', 2) === 1;
  const body = overLines(context, x, [axis], (line) =>
    line.fold(
      sumOf(sample.type),
      (indices) => (absolute ? unary('abs', x.at(indices)) : squared(x.at(indices))),
      (sum) => {
        const norm = (lane: Expr) => (absolute ? sum(lane) : unary('sqrt', sum(lane)));
        return line.value('norm', norm, (of) =>
          line.each((indices, lane) => {
            const none = binary('eq', of(lane), like(sample, 0));
            return sink.store(indices, select(none, like(sample, 0), div(x.at(indices), of(lane))));
          }),
        );
      },
    ),
  );
  context.emit(body);
}

/** By the stored statistics of each channel, element by element. */
function batch(context: RuleContext): (elements: readonly Expr[]) => Expr {
  if (context.node.int('training_mode', 0) === 1) context.refuse('it takes statistics of the batch, which is for training');
  const epsilon = context.node.float('epsilon', 1e-5);
  return ([x, scale, bias, mean, variance]) => {
    const type: ScalarType = x.type;
    const deviation = unary('sqrt', add(cast(type, variance), number(epsilon, type)));
    return add(mul(sub(x, cast(type, mean)), div(cast(type, scale), deviation)), cast(type, bias));
  };
}

/** Parameters of a channel stand for all its places. */
function alignChannels(context: RuleContext, index: number): Operand {
  const given = context.input(index);
  const { shape } = context.input(0);
  return index === 0
    ? given
    : reshaped(
        given,
        shape.map((_, axis) => (axis === 1 || shape.length === 1 ? given.shape[0] : 1)),
      );
}

/** x / (bias + alpha / size · Σ x²)^beta, the sum over channels nearby. */
function localResponse(context: NestContext): void {
  const { node } = context;
  const x = context.cheap(0);
  const sink = context.output(0);
  const size = node.int('size', 1);
  const channels = x.shape[1];
  const head = Math.floor((size - 1) / 2);
  const [alpha, beta, bias] = [node.float('alpha', 1e-4), node.float('beta', 0.75), node.float('bias', 1)];
  const names = ['n', 'c', 'row', 'column', 'plane'];
  const body = loops(names, x.shape, ([n, c, ...place]) => {
    const from = max(number(0), minus(c, head));
    const to = min(number(channels), plus(c, size - head));
    const each = x.at([n, c, ...place]);
    return mutable('sum', each.type, like(each, 0), (sum) => [
      ...range('k', from, to, (k) => local('near', x.at([n, k, ...place]), (near) => [assign(sum, add(read(sum), squared(near)))]), {
        within: [0, channels - 1],
      }),
      ...sink.store(
        [n, c, ...place],
        div(each, binary('pow', add(mul(read(sum), number(alpha / size, each.type)), number(bias, each.type)), number(beta, each.type))),
      ),
    ]);
  });
  context.emit(body);
}

const nest = (emit: (context: NestContext) => void): KernelRule => ({ kind: 'nest', absorbs: true, emit });

export const normalizations: Readonly<Record<string, KernelRule>> = {
  BatchNormalization: { kind: 'elementwise', value: batch, align: alignChannels },
  GroupNormalization: nest(group),
  InstanceNormalization: nest(instance),
  LRN: nest(localResponse),
  LayerNormalization: layer(true),
  LpNormalization: nest(lp),
  MeanVarianceNormalization: nest(meanVariance),
  RMSNormalization: layer(false),
};
