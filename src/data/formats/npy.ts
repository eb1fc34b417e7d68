import { FormatError, lookup, MOST_DIMENSIONS, sizeOf, UnsupportedError } from '../../base/index.js';
import { bytesPerElement, type DataTensor, type ElementType, viewAs } from '../tensor.js';
import { swapBytes } from './bytes.js';

/** What the head of a .npy file says. */
export interface NpyHeader {
  type: ElementType;
  shape: number[];
  /** Where the elements start, in bytes. */
  offset: number;
  bigEndian: boolean;
}

const TYPES: Record<string, ElementType> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  b1: 'bool',
};

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY')];

/** Bytes at the start of a file that surely hold its header, in files that numpy writes. */
export const NPY_HEAD_BYTES = 65_536 + 12;

/**
 * Reads the head of a .npy file, format versions 1 to 3 (numpy.lib.format).
 * @throws FormatError when it is none, UnsupportedError for element types that are no numbers and for Fortran order.
 */
export function parseNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  if (bytes.length < 10 || !MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new FormatError({ what: 'This is no .npy array', where, expected: 'a file that starts with \\x93NUMPY' });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  if (bytes.length < start)
    throw new FormatError({ what: 'The header is cut off', where, expected: `${start} bytes`, got: `${bytes.length}` });
  const offset = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (offset > bytes.length)
    throw new FormatError({ what: 'The header is cut off', where, expected: `${offset} bytes`, got: `${bytes.length}` });
  const text = new TextDecoder().decode(bytes.subarray(start, offset));
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shapeText = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  const type = descriptor && lookup(TYPES, descriptor.slice(1));
  if (!type) {
    throw new UnsupportedError({
      what: 'The elements of this array are no numbers that can be read',
      where,
      expected: Object.keys(TYPES).join(', '),
      got: text.trim().slice(0, 200),
    });
  }
  if (fortran === undefined || shapeText === undefined)
    throw new FormatError({ what: 'The header of this array is incomplete', where, got: text.trim().slice(0, 200) });
  const shape = shapeText
    .split(',')
    .filter((dim) => dim.trim() !== '')
    .map(Number);
  if (!Number.isSafeInteger(sizeOf(shape) * 8) || shape.length > MOST_DIMENSIONS || !shape.every(Number.isSafeInteger))
    throw new FormatError({ what: 'The shape of this array is out of range', where, got: shapeText.slice(0, 100) });
  if (fortran === 'True' && shape.length > 1) {
    throw new UnsupportedError({ what: 'The array is in Fortran order', where, fix: 'Save numpy.ascontiguousarray(array) instead' });
  }
  return { type, shape, offset, bigEndian: descriptor.startsWith('>') };
}

/** Reads a whole .npy file. The elements share the memory of `bytes` where alignment allows. */
export function parseNpy(bytes: Uint8Array, where: string): DataTensor {
  const { type, shape, offset, bigEndian } = parseNpyHeader(bytes, where);
  const length = sizeOf(shape) * bytesPerElement(type);
  if (bytes.length < offset + length) {
    throw new FormatError({ what: 'The array is cut off', where, expected: `${offset + length} bytes`, got: String(bytes.length) });
  }
  const content = bytes.subarray(offset, offset + length);
  return { type, shape, data: viewAs(type, bigEndian ? swapBytes(content, bytesPerElement(type)) : content) };
}
