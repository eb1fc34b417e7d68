import { type GraphBuilder, type Model, staticShape, type Value } from '../../onnx/index.js';
import { channelAxis } from '../channels.js';
import type { LossBuilder } from './loss.js';

/** ONNX's number for float32. */
const FLOAT = 1;
/** Below so many numbers of a channel their variance says nothing. */
const FEW = 8;
/** A channel that hardly moves counts by these shares of what others move that are measured alike: those within [0, 1], as scores are, or the rest. */
const UNIT_FLOOR = 0.01;
const FLOOR = 1e-4;
/** Below this share of its power a channel's variance is what rounding makes of a constant. */
const ROUNDING = 1e-12;

/**
 * How far a model's outputs are from the same outputs of a reference model: the mean over channels of the squared difference, each channel in units of
 * the reference's own variance in the batch, so that neither outputs nor channels of large numbers hide what others lose (one that never moves, in units of its size); the sum over the outputs.
 */
export function followReference(outputs: readonly string[], reference: Model): LossBuilder {
  return ({ build, value, embed }) => {
    const wanted = embed(reference, 'reference');
    const terms = outputs.map((name) => relativeError(build, value(name), wanted[name]));
    return terms.length === 1 ? terms[0] : build.op('Sum', terms);
  };
}

function relativeError(build: GraphBuilder, got: Value, wanted: Value): Value {
  const shape = staticShape(wanted.shape);
  const axis = shape && channelAxis(shape, wanted);
  const others = shape?.flatMap((_, each) => (each === axis ? [] : [each])) ?? [];
  const numbers = others.reduce((product, each) => product * (shape?.[each] ?? 1), 1);
  const difference = build.op('Sub', [got, wanted]);
  const error = build.op('Mul', [difference, difference]);
  if (axis === undefined || numbers < FEW) {
    const power = mean(build, build.op('Mul', [wanted, wanted]));
    return build.op('Div', [mean(build, error), build.op('Add', [power, build.scalar(1e-12)])]);
  }
  const centred = build.op('Sub', [wanted, mean(build, wanted, others, 1)]);
  const variance = mean(build, build.op('Mul', [centred, centred]), others);
  const floor = build.op('Add', [leastVariance(build, wanted, variance, others), build.scalar(1e-12)]);
  return mean(build, build.op('Div', [mean(build, error, others), build.op('Add', [variance, floor])]));
}

/** For each channel what its variance is taken for at least; see `ChannelErrors`, which judges in the same way. */
function leastVariance(build: GraphBuilder, wanted: Value, variance: Value, others: readonly number[]): Value {
  const extreme = (op: string) => build.op(op, [wanted, build.ints(others)], { keepdims: 0 });
  const within = [
    build.op('GreaterOrEqual', [extreme('ReduceMin'), build.scalar(0)]),
    build.op('LessOrEqual', [extreme('ReduceMax'), build.scalar(1)]),
  ];
  const units = build.op('Cast', [build.op('And', within)], { to: FLOAT });
  const rest = build.op('Sub', [build.scalar(1), units]);
  const sum = (value: Value) => build.op('ReduceSum', [value], { keepdims: 0 });
  const share = (members: Value, floor: number) => {
    const count = build.op('Max', [sum(members), build.scalar(1)]);
    const typical = build.op('Div', [sum(build.op('Mul', [variance, members])), count]);
    return build.op('Mul', [members, build.op('Mul', [typical, build.scalar(floor)])]);
  };
  const power = mean(build, build.op('Mul', [wanted, wanted]), others);
  const isStill = build.op('LessOrEqual', [variance, build.op('Mul', [power, build.scalar(ROUNDING)])]);
  const still = build.op('Mul', [build.op('Cast', [isStill], { to: FLOAT }), power]);
  return build.op('Sum', [share(units, UNIT_FLOOR), share(rest, FLOOR), still]);
}

/** Mean over the given axes, or over all. */
function mean(build: GraphBuilder, value: Value, axes?: readonly number[], keepdims = 0): Value {
  return build.op('ReduceMean', axes ? [value, build.ints(axes)] : [value], { keepdims });
}
