import { FormatError, sizeOf } from '../../base/index.js';
import { byteLengthOf, type DataType, Tensor } from '../../onnx/index.js';
import type { DeviceTensor } from '../api/index.js';

/** Tensors of a job by name. @throws FormatError where the values do not fill the shape, or are no Base64. */
export function tensorsOf(list: readonly DeviceTensor[]): Record<string, Tensor> {
  return Object.fromEntries(list.map((each) => [each.name, tensorOf(each)]));
}

function tensorOf({ name, dtype, shape, data }: DeviceTensor): Tensor {
  const bytes = decoded(data, name);
  const expected = byteLengthOf(dtype as DataType, sizeOf(shape));
  if (bytes.length === expected) return new Tensor(dtype as DataType, shape, bytes);
  throw new FormatError({
    what: 'The values do not fill the tensor',
    where: `"${name}", ${dtype} [${shape}]`,
    expected: `${expected} bytes`,
    got: String(bytes.length),
  });
}

function decoded(data: string, name: string): Uint8Array {
  try {
    return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new FormatError({ what: 'The values are no Base64', where: `"${name}"` }, { cause });
  }
}
