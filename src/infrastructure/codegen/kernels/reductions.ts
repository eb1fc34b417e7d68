import {
  add,
  assign,
  binary,
  cast,
  div,
  type Expr,
  local,
  max,
  min,
  mul,
  number,
  read,
  type Statement,
  scalarOf,
  select,
  unary,
  variable,
} from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import { like } from './elementwise.js';
import { type Fold, orderOf, overLines, sumOf } from './lines.js';
import { highest, lowest } from './pools.js';
import type { KernelRule, NestContext } from './rule.js';

/** How a reduction gathers elements. */
interface Reduction {
  readonly fold: (x: Expr, stored: string) => Fold;
  /** What is gathered of an element. Default: itself. */
  readonly of?: (x: Expr) => Expr;
  /** The result, of what was gathered from `count` elements. Default: that. */
  readonly finish?: (sum: Expr, count: number) => Expr;
}

const summed = (x: Expr) => sumOf(x.type);
const square = (x: Expr) => mul(x, x);

const reductions: Readonly<Record<string, Reduction>> = {
  ReduceL1: { fold: summed, of: (x) => unary('abs', x) },
  ReduceL2: { fold: summed, of: square, finish: root },
  ReduceLogSum: { fold: summed, finish: (sum) => unary('log', sum) },
  ReduceMax: { fold: (x, stored) => ({ begin: lowest(x, stored), step: max }) },
  ReduceMean: { fold: summed, finish: (sum, count) => div(sum, like(sum, count)) },
  ReduceMin: { fold: (x, stored) => ({ begin: highest(x, stored), step: min }) },
  ReduceProd: { fold: (x) => ({ begin: like(x, 1), step: mul }) },
  ReduceSum: { fold: summed },
  ReduceSumSquare: { fold: summed, of: square },
};

function root(sum: Expr): Expr {
  return sum.type === 'f32' || sum.type === 'f64' ? unary('sqrt', sum) : cast(sum.type, unary('sqrt', cast('f64', sum)));
}

/** Axes of a reduction as of opset 18: an input; none are all, or none where `noop_with_empty_axes` says so. */
function reducedAxes(context: NestContext, rank: number): number[] {
  const { node } = context;
  const given = context.integers(1) ?? node.ints('axes', undefined);
  if (given && given.length > 0) return given.map((axis) => (axis < 0 ? axis + rank : axis));
  return node.int('noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** Indices of the result: those of the axes that were not reduced, and 0 along the others where they are kept. */
export function keptIndices(indices: readonly Expr[], axes: readonly number[], keeps: boolean): Expr[] {
  return indices.flatMap((each, axis) => (axes.includes(axis) ? (keeps ? [number(0)] : []) : [each]));
}

/** The result lies as the input does. */
export function keptOrder(x: Operand, axes: readonly number[], keeps: boolean): number[] {
  const kept = x.shape.map((_, axis) => axis).filter((axis) => keeps || !axes.includes(axis));
  return orderOf(x)
    .filter((axis) => kept.includes(axis))
    .map((axis) => kept.indexOf(axis));
}

function reduce({ fold, of = (x) => x, finish = (sum) => sum }: Reduction): KernelRule {
  return {
    kind: 'nest',
    absorbs: true,
    emit: (context) => {
      const x = context.cheap(0);
      const axes = reducedAxes(context, x.shape.length);
      const keeps = context.node.int('keepdims', 1) === 1;
      const sink = context.output(0, { order: keptOrder(x, axes, keeps) });
      const sample = x.at(x.shape.map(() => number(0)));
      const count = axes.reduce((all, axis) => all * x.shape[axis], 1);
      context.emit(
        overLines(context, x, axes, (line) =>
          line.fold(
            fold(sample, x.type),
            (indices) => of(x.at(indices)),
            (sum) => line.results((lane) => sink.store(keptIndices(line.at(lane), axes, keeps), finish(sum(lane), count))),
          ),
        ),
      );
    },
  };
}

/** max + log Σ e^(x - max), which no large number makes infinite. */
function logSumExp(context: NestContext): void {
  const x = context.cheap(0);
  const axes = reducedAxes(context, x.shape.length);
  const keeps = context.node.int('keepdims', 1) === 1;
  const sink = context.output(0, { order: keptOrder(x, axes, keeps) });
  const sample = x.at(x.shape.map(() => number(0)));
  const far = sample.type === 'f32' ? 3.4028234663852886e38 : Number.MAX_VALUE;
  context.emit(
    overLines(context, x, axes, (line) =>
      line.fold(
        // An infinite maximum would be taken from itself.
        { begin: like(sample, -far), step: max },
        (indices) => x.at(indices),
        (most) =>
          line.value(
            'top',
            (lane) => min(most(lane), like(sample, far)),
            (top) =>
              line.fold(
                sumOf(sample.type),
                (indices, lane) => unary('exp', binary('sub', x.at(indices), top(lane))),
                (sum) =>
                  line.results((lane) => sink.store(keptIndices(line.at(lane), axes, keeps), add(top(lane), unary('log', sum(lane))))),
              ),
          ),
      ),
    ),
  );
}

/** Where the largest or smallest element is: the first of equal ones, or the last. */
function arg(better: 'gt' | 'lt'): KernelRule {
  return {
    kind: 'nest',
    absorbs: true,
    emit: (context) => {
      const x = context.cheap(0);
      const { node } = context;
      const axis = (node.int('axis', 0) + x.shape.length) % x.shape.length;
      const keeps = node.int('keepdims', 1) === 1;
      const sink = context.output(0, { order: keptOrder(x, [axis], keeps) });
      const sample = x.at(x.shape.map(() => number(0)));
      const comparison = node.int('select_last_index', 0) === 1 ? (better === 'gt' ? 'ge' : 'le') : better;
      const body = overLines(context, x, [axis], (line) =>
        line.results((lane): Statement[] => {
          const [best, at] = [variable('best', sample.type), variable('at', 'i32')];
          const indices = [...line.at(lane)];
          return [
            { kind: 'declare', variable: best, value: x.at(indices) },
            { kind: 'declare', variable: at, value: number(0) },
            ...line.along(lane, (each, place) =>
              local('each', x.at(each), (value) =>
                local('better', binary(comparison, value, read(best)), (wins) => [
                  assign(at, select(wins, place, read(at))),
                  assign(best, select(wins, value, read(best))),
                ]),
              ),
            ),
            ...sink.store(keptIndices(indices, [axis], keeps), cast(scalarOf('i64'), read(at))),
          ];
        }, false),
      );
      context.emit(body);
    },
  };
}

export const reductionKernels: Readonly<Record<string, KernelRule>> = {
  ...Object.fromEntries(Object.entries(reductions).map(([op, reduction]) => [op, reduce(reduction)])),
  ArgMax: arg('gt'),
  ArgMin: arg('lt'),
  ReduceLogSumExp: { kind: 'nest', absorbs: true, emit: logSumExp },
};
