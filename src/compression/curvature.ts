import { cholesky, inverseByCholesky, Random, stridesOf } from '../base/index.js';
import type { Tensor } from '../onnx/index.js';
import { convolutionWindows, paddingOf } from '../ops/index.js';
import { type LayerInputsRequest, visitValues } from './layer-inputs.js';
import type { WeightMatrix } from './matrices.js';

/** Places of one sample that are looked at. */
const PLACES = 32;
/** Larger ones take too long to invert. */
export const MOST_COLUMNS = 1536;
/** Bytes of matrices that are held at a time. */
const MOST_BYTES = 2 ** 27;

/** A layer with the shape of its weight. */
export interface Curved {
  readonly matrix: WeightMatrix;
  readonly shape: readonly number[];
  readonly columns: number;
}

/**
 * Sums of x · xᵀ over what layers are given, at randomly chosen places, a few layers at a time: the curvature of the squared error of their
 * outputs. Columns are ordered as the weight's inputs and taps.
 */
export async function* curvatures(
  request: Omit<LayerInputsRequest, 'values'> & { seed: number },
  layers: readonly Curved[],
): AsyncGenerator<{ layer: Curved; curvature: Float64Array }> {
  for (let start = 0; start < layers.length; ) {
    const turn: Curved[] = [];
    let bytes = 0;
    while (start < layers.length && (turn.length === 0 || bytes + 8 * layers[start].columns ** 2 <= MOST_BYTES)) {
      bytes += 8 * layers[start].columns ** 2;
      turn.push(layers[start++]);
    }
    const sums = new Map(turn.map((layer) => [layer, new Float64Array(layer.columns ** 2)]));
    const random = new Random(request.seed).fork('curvature');
    await visitValues({ ...request, values: [...new Set(turn.map(({ matrix }) => matrix.input))] }, (name, tensor) => {
      for (const [layer, sum] of sums) {
        if (layer.matrix.input === name) for (const row of rowsOf(layer, tensor, random)) addProduct(sum, row);
      }
    });
    for (const [layer, curvature] of sums) {
      mirror(curvature, layer.columns);
      yield { layer, curvature };
    }
  }
}

function addProduct(sum: Float64Array, row: Float64Array): void {
  const size = row.length;
  for (let i = 0; i < size; i++) {
    const value = row[i];
    if (value === 0) continue;
    for (let j = 0, place = i * size; j <= i; j++, place++) sum[place] += value * row[j];
  }
}

function mirror(sum: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) sum[j * size + i] = sum[i * size + j];
}

function* rowsOf(layer: Curved, tensor: Tensor, random: Random): Generator<Float64Array> {
  const numbers = tensor.numbers();
  if (layer.matrix.isKernel) {
    yield* patches(layer, tensor.shape, numbers, random);
    return;
  }
  const rows = numbers.length / layer.columns;
  const wanted = Math.min(rows, PLACES * (tensor.shape[0] || 1));
  for (let i = 0; i < wanted; i++) {
    const row = wanted === rows ? i : random.integer(rows);
    yield Float64Array.from(numbers.subarray(row * layer.columns, (row + 1) * layer.columns));
  }
}

/** What a kernel sees at randomly chosen places: channels, then taps. */
function* patches(
  { matrix, shape, columns }: Curved,
  input: readonly number[],
  numbers: ArrayLike<number>,
  random: Random,
): Generator<Float64Array> {
  const [samples, channels, ...sizes] = input;
  const kernel = shape.slice(2);
  const [steps, tapSteps] = [stridesOf(sizes), stridesOf(kernel)];
  const [volume, taps] = [sizes.reduce((a, b) => a * b, 1), kernel.reduce((a, b) => a * b, 1)];
  const windows = convolutionWindows(matrix.node, kernel).map((window, axis) => {
    const { head, tail } = paddingOf(window, sizes[axis]);
    const reach = window.dilation * (window.kernel - 1) + 1;
    return { ...window, head, count: Math.floor((sizes[axis] + head + tail - reach) / window.stride) + 1 };
  });
  for (let sample = 0; sample < samples; sample++) {
    for (let place = 0; place < PLACES; place++) {
      const origin = windows.map((window) => random.integer(window.count) * window.stride - window.head);
      const row = new Float64Array(columns);
      for (let tap = 0; tap < taps; tap++) {
        const at = windows.map((window, axis) => origin[axis] + window.dilation * (Math.floor(tap / tapSteps[axis]) % kernel[axis]));
        if (!at.every((each, axis) => each >= 0 && each < sizes[axis])) continue;
        const offset = at.reduce((sum, each, axis) => sum + each * steps[axis], 0);
        for (let c = 0; c < channels; c++) row[c * taps + tap] = numbers[(sample * channels + c) * volume + offset];
      }
      yield row;
    }
  }
}

/** What is added to the diagonal, as a share of its mean: the paper's. */
const DAMPING = 0.01;

/**
 * The upper Cholesky factor of the damped curvature's inverse: each row says what a change of one column's weights is made up for by in those behind it. Inputs that
 * are always zero count as others do on average.
 * @returns undefined where the curvature cannot be inverted.
 */
export function inverseFactor(curvature: Float64Array, size: number): Float64Array | undefined {
  const damped = curvature.slice();
  let trace = 0;
  for (let i = 0; i < size; i++) trace += damped[i * size + i];
  const mean = trace / size || 1;
  for (let i = 0; i < size; i++) damped[i * size + i] = (damped[i * size + i] || mean) + DAMPING * mean;
  const lower = cholesky(damped, size);
  const factor = lower && cholesky(inverseByCholesky(lower, size), size);
  return factor && transposed(factor, size);
}

function transposed(matrix: Float64Array, size: number): Float64Array {
  const turned = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) turned[j * size + i] = matrix[i * size + j];
  return turned;
}
