import { Tensor, type Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { constantInts, normalizeAxis } from '../shared/axes.js';
import { type Formula, formula } from '../shared/formula.js';
import { padWithZeros, reshapeTo, sliceAxis } from '../shared/gradients.js';

/** A discrete Fourier transform along one axis: what its gradient needs to know. */
interface Transform {
  readonly axis: number;
  /** Points of the transform, after the signal was cut or filled with zeros. */
  readonly points: number;
  readonly inverse: boolean;
  readonly onesided: boolean;
}

/**
 * The transform is linear: its gradient is the conjugate transposed transform, which is the inverse one times its number of points, or the
 * forward one over it. Real signals take the real part.
 */
export const dftGradient: GradientRule = (context) => {
  const { node } = context;
  const input = context.input(0);
  const shape = context.shape(input);
  const axis = context.has(2) ? constantInts(node, 2)?.[0] : -2;
  if (axis === undefined) return context.refuse('its axis is only known at run time');
  const along = normalizeAxis(node, axis, shape.length);
  const [inverse, onesided] = [node.int('inverse', 0) === 1, node.int('onesided', 0) === 1];
  const natural = inverse && onesided ? 2 * (shape[along] - 1) : shape[along];
  const points = context.has(1) ? constantInts(node, 1)?.[0] : natural;
  if (points === undefined) return context.refuse('its length is only known at run time');
  const back = transposed(context, context.grad(), { axis: along, points, inverse, onesided });
  return [fit(context, back, shape)];
};

/** The transposed transform of dy. */
function transposed(context: GradientContext, dy: Value, transform: Transform): Value {
  const f = formula(context);
  const { axis, points, inverse, onesided } = transform;
  if (inverse && onesided) return f.mul(dft(f, dy, axis, { onesided: 1 }), halfSpectrum(context, dy, transform));
  if (inverse) return f.mul(dft(f, dy, axis, {}), 1 / points);
  const shape = [...context.shape(dy)];
  shape[axis] = points;
  return f.mul(dft(f, fit(context, dy, shape), axis, { inverse: 1 }), points);
}

function dft(f: Formula, value: Value, axis: number, attributes: { inverse?: number; onesided?: number }): Value {
  return f.build.op('DFT', [value, undefined, f.build.scalar(axis, 'int64')], attributes);
}

/** In a real signal's half spectrum every frequency but the first, and the last of an even number of points, stands for two. */
function halfSpectrum(context: GradientContext, dy: Value, { axis, points }: Transform): Value {
  const bins = Math.floor(points / 2) + 1;
  const counts = Array.from({ length: bins }, (_, bin) => (bin === 0 || 2 * bin === points ? 1 : 2) / points);
  const shape = context.shape(dy).map((_, each) => (each === axis ? bins : 1));
  return context.build.constant(Tensor.from(dy.dtype ?? 'float32', shape, counts));
}

/** Cuts or fills with zeros each axis to `shape`. */
function fit(context: GradientContext, value: Value, shape: readonly number[]): Value {
  const missing = shape.map((size, axis) => size - context.shape(value)[axis]);
  return padWithZeros(
    context.build,
    value,
    shape.map(() => 0),
    missing,
  );
}

/** Each frame's gradient goes back through its transform and window, and frames that overlap add up. */
export const stftGradient: GradientRule = (context) => {
  const { build, node } = context;
  const f = formula(context);
  const signal = context.shape(context.input(0));
  const step = constantInts(node, 1)?.[0];
  const length = context.has(3) ? constantInts(node, 3)?.[0] : context.has(2) ? context.shape(context.input(2))[0] : signal[1];
  if (step === undefined || length === undefined) return context.refuse('its frames are only known at run time');
  if (signal[2] !== 1) return context.refuse('its signal is complex');
  const dy = context.grad();
  const [batch, frames] = context.shape(dy);
  const back = transposed(context, dy, { axis: 2, points: length, inverse: false, onesided: false });
  const real = reshapeTo(build, sliceAxis(build, back, 3, 0, 1), [batch, frames, length]);
  const windowed = context.has(2) ? f.mul(real, context.input(2)) : real;
  const columns = build.op('Transpose', [windowed], { perm: [0, 2, 1] });
  const identity = build.op('EyeLike', [f.expand(f.value(0), [length, length])]);
  const taps = f.reshape(identity, [length, 1, length]);
  const added = build.op('ConvTranspose', [columns, taps], { strides: [step], kernel_shape: [length] });
  return [reshapeTo(build, fit(context, added, [batch, 1, signal[1]]), signal)];
};
