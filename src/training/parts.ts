import { Tensor } from '../onnx/index.js';

/** Equal parts of a batch's tensors along their first axis, in order. Each has memory of its own. */
export function partsOf(batch: Readonly<Record<string, Tensor>>, count: number): Record<string, Tensor>[] {
  if (count === 1) return [batch];
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, partOf(tensor, index, count)])),
  );
}

function partOf(tensor: Tensor, index: number, count: number): Tensor {
  const [samples, ...sample] = tensor.shape;
  const bytes = tensor.bytes();
  const length = bytes.length / count;
  return new Tensor(tensor.dtype, [samples / count, ...sample], bytes.slice(index * length, (index + 1) * length));
}
