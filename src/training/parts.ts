import { sizeOf } from '../base/index.js';
import { Tensor } from '../onnx/index.js';

/**
 * Equal parts of a batch's tensors, in order. Each has memory of its own.
 * @param axes along which axis samples lie, by name; null for what all of them share. Default 0.
 */
export function partsOf(
  batch: Readonly<Record<string, Tensor>>,
  count: number,
  axes: ReadonlyMap<string, number | null> = new Map(),
): Record<string, Tensor>[] {
  if (count === 1) return [batch];
  const axisOf = (name: string) => (axes.has(name) ? (axes.get(name) ?? null) : 0);
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, partOf(tensor, index, count, axisOf(name))])),
  );
}

function partOf(tensor: Tensor, index: number, count: number, axis: number | null): Tensor {
  const bytes = tensor.bytes();
  if (axis === null) return new Tensor(tensor.dtype, tensor.shape, bytes.slice());
  const outer = sizeOf(tensor.shape.slice(0, axis));
  const block = bytes.length / outer;
  const length = block / count;
  const part = new Uint8Array(outer * length);
  for (let row = 0; row < outer; row++)
    part.set(bytes.subarray(row * block + index * length, row * block + (index + 1) * length), row * length);
  return new Tensor(tensor.dtype, tensor.shape.with(axis, tensor.shape[axis] / count), part);
}
