import { DataError, sizeOf } from '../base/index.js';
import { bitsOf, Tensor } from '../onnx/index.js';

/**
 * A batch [samples, ...] as an input takes it whose samples lie along another axis; null for a setting, of which all samples must have the same.
 * @throws DataError where samples of one batch have different settings.
 */
export function alongAxis(tensor: Tensor, axis: number | null, input: string): Tensor {
  if (axis === 0) return tensor;
  if (axis === null) return shared(tensor, input);
  const [samples, ...sample] = tensor.shape;
  const outer = sizeOf(sample.slice(0, axis));
  return exchanged(tensor, samples, outer, [...sample.slice(0, axis), samples, ...sample.slice(axis)]);
}

/** The same back: samples first. */
export function samplesFirst(tensor: Tensor, axis: number): Tensor {
  if (axis === 0) return tensor;
  const { shape } = tensor;
  return exchanged(tensor, sizeOf(shape.slice(0, axis)), shape[axis], [shape[axis], ...shape.toSpliced(axis, 1)]);
}

/** [rows, columns, rest] as [columns, rows, rest]. */
function exchanged(tensor: Tensor, rows: number, columns: number, shape: readonly number[]): Tensor {
  const bytes = tensor.bytes();
  const length = rows * columns === 0 ? 0 : bytes.length / (rows * columns);
  const moved = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const from = (row * columns + column) * length;
      moved.set(bytes.subarray(from, from + length), (column * rows + row) * length);
    }
  return new Tensor(tensor.dtype, shape, moved);
}

function shared(tensor: Tensor, input: string): Tensor {
  const [samples = 1, ...shape] = tensor.shape;
  const bytes = tensor.bytes();
  const length = (sizeOf(shape) * bitsOf(tensor.dtype)) / 8;
  const first = bytes.slice(0, length);
  for (let sample = 1; sample < samples; sample++) {
    if (first.every((byte, i) => byte === bytes[sample * length + i])) continue;
    throw new DataError({
      what: 'Samples of one batch have different settings',
      where: `input "${input}"`,
      expected: 'one for all samples, because it has no axis for them',
      fix: 'Use data of one setting at a time.',
    });
  }
  return new Tensor(tensor.dtype, shape, first);
}
