import { FormatError, lookup, sizeOf } from '../../base/index.js';
import { bytesPerElement, type DataTensor, type ElementType, viewAs } from '../tensor.js';
import { swapBytes } from './bytes.js';

/** The type codes of IDX files, as LeCun's MNIST page gives them. */
const TYPES: Record<number, ElementType> = { 8: 'uint8', 9: 'int8', 11: 'int16', 12: 'int32', 13: 'float32', 14: 'float64' };

/**
 * Reads an IDX file (already unzipped): two zero bytes, a type code, the rank, big-endian dimensions and elements.
 * @throws FormatError when it is none or its length does not fit its dimensions.
 */
export function parseIdx(bytes: Uint8Array, where: string): DataTensor {
  const type = lookup(TYPES, bytes[2]);
  const rank = bytes[3];
  const start = 4 + 4 * rank;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || !type || rank < 1 || bytes.length < start) {
    throw new FormatError({ what: 'This is no IDX file', where, expected: 'two zero bytes, a type code, and the number of dimensions' });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = bytesPerElement(type);
  const expected = start + sizeOf(shape) * size;
  if (bytes.length !== expected) {
    throw new FormatError({
      what: `The file's length does not fit its dimensions [${shape.join(', ')}]`,
      where,
      expected: `${expected} bytes`,
      got: String(bytes.length),
      fix: 'Download the file again',
    });
  }
  const content = bytes.subarray(start);
  return { type, shape, data: viewAs(type, size > 1 ? swapBytes(content, size) : content) };
}
