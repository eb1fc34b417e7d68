import { OptionError } from '../../../base/index.js';
import { byteLengthOf, type DataType, Tensor, type TypedArray, viewAs } from '../../../onnx/index.js';
import type { Tensors } from '../contract.js';
import type { SentTensor, SentTensors } from './protocol.js';

/** Element types that onnxruntime-node takes and gives. */
const supported = new Set<DataType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
]);

/** Whether tensors of this type can cross into onnxruntime-node and back. */
export function crosses(dtype: DataType | undefined): boolean {
  return dtype !== undefined && supported.has(dtype);
}

/** Tensors made ready to be posted to another thread, with the buffers that move there. */
export interface Parcel {
  readonly tensors: SentTensors;
  readonly transfer: ArrayBuffer[];
}

/**
 * Packs tensors for another thread. With `move`, a tensor that owns its buffer gives it away; one that is a view of something larger, such as
 * a model's file, is always copied.
 * @throws OptionError for a tensor whose buffer was given away before.
 */
export function pack(tensors: Tensors, move: boolean): Parcel {
  const transfer = new Set<ArrayBuffer>();
  const sent = Object.entries(tensors).map(([name, tensor]) => [name, packOne(name, tensor, move, transfer)] as const);
  return { tensors: Object.fromEntries(sent), transfer: [...transfer] };
}

function packOne(name: string, tensor: Tensor, move: boolean, transfer: Set<ArrayBuffer>): SentTensor {
  const { dtype, shape } = tensor;
  if (dtype === 'string') {
    const decoder = new TextDecoder();
    return { dtype, shape: [...shape], contents: tensor.stringBytes().map((bytes) => decoder.decode(bytes)) };
  }
  const bytes = tensor.bytes();
  if (bytes.byteLength !== byteLengthOf(dtype, tensor.size)) {
    throw new OptionError({
      what: 'The tensor is empty: it was handed to a program before, which took its memory',
      where: `feed "${name}"`,
      fix: 'Make a new tensor for each run, or hand over a copy.',
    });
  }
  const contents = move && ownsBuffer(bytes) ? bytes : copyOf(bytes);
  if (contents.byteLength > 0) transfer.add(contents.buffer as ArrayBuffer);
  return { dtype, shape: [...shape], contents: viewAs(dtype, contents) };
}

/** Whether the bytes are all of a buffer that may change threads. */
export function ownsBuffer(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength && bytes.byteLength > 0;
}

/** A copy in a buffer of its own. (A Buffer's `slice` would be a view.) */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Tensors as they came from another thread. */
export function unpack(sent: SentTensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(sent).map(([name, { dtype, shape, contents }]) => [
      name,
      Array.isArray(contents) ? Tensor.strings(shape, contents) : Tensor.of(dtype, shape, contents as TypedArray),
    ]),
  );
}
