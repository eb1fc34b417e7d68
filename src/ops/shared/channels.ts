import { type GraphBuilder, staticShape, Tensor, type Value } from '../../onnx/index.js';

/** Arithmetic with one number per channel (axis 1) of data [N, C, …] of static shape. */
export interface Channels {
  /** Elements of one channel: the batch included. */
  readonly elements: number;
  /** Sums over everything but the channels: [C]. */
  sum(value: Value): Value;
  /** Sums of squares over everything but the channels: [C]. */
  sumOfSquares(value: Value): Value;
  /** value * slope + offset. */
  affine(value: Value, slope: Value, offset: Value): Value;
  /** value * slope. */
  scale(value: Value, slope: Value): Value;
  /** value + offset. */
  shift(value: Value, offset: Value): Value;
}

/** @param like data of the rank, sizes and element type that the arithmetic is for. */
export function channelsOf(build: GraphBuilder, like: Value): Channels {
  const shape = staticShape(like.shape) as number[];
  const dtype = like.dtype ?? 'float32';
  const others = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const channels = shape[1];
  const ones = shape.slice(2).map(() => 1);
  // A depthwise convolution with a kernel of one element is ONNX Runtime's fastest arithmetic with one number per channel.
  const convolves = dtype === 'float32' && (shape.length === 3 || shape.length === 4);
  const spread = (vector: Value) => (ones.length === 0 ? vector : build.op('Reshape', [vector, build.ints([channels, ...ones])]));
  const convolved = (value: Value, slope: Value, offset?: Value) =>
    build.op('Conv', [value, build.op('Reshape', [slope, build.ints([channels, 1, ...ones])]), offset], {
      group: channels,
      kernel_shape: ones,
    });
  const unit = () => build.constant(Tensor.from(dtype, [channels], new Array<number>(channels).fill(1)));
  const scale = (value: Value, slope: Value) => (convolves ? convolved(value, slope) : build.op('Mul', [value, spread(slope)]));
  const shift = (value: Value, offset: Value) => (convolves ? convolved(value, unit(), offset) : build.op('Add', [value, spread(offset)]));
  return {
    elements: others.reduce((product, axis) => product * shape[axis], 1),
    sum: (value) => build.op('ReduceSum', [value, build.ints(others)], { keepdims: 0 }),
    // Image by image: ONNX Runtime adds up squares one by one, which over a whole batch costs digits.
    sumOfSquares: (value) => {
      if (ones.length === 0) return build.op('ReduceSumSquare', [value, build.ints([0])], { keepdims: 0 });
      const perImage = build.op('ReduceSumSquare', [value, build.ints(others.slice(1))], { keepdims: 0 });
      return build.op('ReduceSum', [perImage, build.ints([0])], { keepdims: 0 });
    },
    affine: (value, slope, offset) => (convolves ? convolved(value, slope, offset) : shift(scale(value, slope), offset)),
    scale,
    shift,
  };
}

/**
 * Mean and population variance of each channel of a batch. The variance is that of the data with its mean taken off: the shorter
 * E[x²] - E[x]² loses all digits where the mean is large beside the deviation.
 */
export function batchStatistics(build: GraphBuilder, x: Value): { mean: Value; variance: Value } {
  const channels = channelsOf(build, x);
  const share = build.scalar(1 / channels.elements, x.dtype);
  const mean = build.op('Mul', [channels.sum(x), share]);
  const centred = channels.shift(x, build.op('Neg', [mean]));
  return { mean, variance: build.op('Mul', [channels.sumOfSquares(centred), share]) };
}

/** 1 / sqrt(variance + epsilon). */
export function inverseDeviation(build: GraphBuilder, variance: Value, epsilon: number): Value {
  const shifted = build.op('Add', [variance, build.scalar(epsilon, variance.dtype)]);
  return build.op('Reciprocal', [build.op('Sqrt', [shifted])]);
}
