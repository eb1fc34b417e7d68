import { type GraphBuilder, type Model, staticShape, type Value } from '../../onnx/index.js';
import { channelAxis } from '../channels.js';
import type { LossBuilder } from './loss.js';

/** Below so many numbers of a channel their variance says nothing. */
const FEW = 8;
/** A channel whose variance is below this share of its power, or of the channels' mean variance, does not move. */
const STILL = 1e-10;

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
  const size = build.op('Max', [mean(build, build.op('Mul', [wanted, wanted]), others), mean(build, variance)]);
  const isStill = build.op('LessOrEqual', [variance, build.op('Mul', [size, build.scalar(STILL)])]);
  const scale = build.op('Add', [build.op('Where', [isStill, size, variance]), build.scalar(1e-12)]);
  return mean(build, build.op('Div', [mean(build, error, others), scale]));
}

/** Mean over the given axes, or over all. */
function mean(build: GraphBuilder, value: Value, axes?: readonly number[], keepdims = 0): Value {
  return build.op('ReduceMean', axes ? [value, build.ints(axes)] : [value], { keepdims });
}
