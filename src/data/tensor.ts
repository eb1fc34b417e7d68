import { OptionError, sizeOf } from '../base/index.js';

/** The array that holds the elements of each type. float16 is kept as its 16 bits (as ONNX Runtime takes it), bool as one byte. */
interface ElementArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  uint32: Uint32Array;
  int32: Int32Array;
  uint64: BigUint64Array;
  int64: BigInt64Array;
  bool: Uint8Array;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** The type of a tensor's elements, by ONNX's names. */
export type ElementType = keyof ElementArrays;

/** The array that holds the elements of one type; of any type when none is named. */
export type TypedData<T extends ElementType = ElementType> = ElementArrays[T];

/** A dense row-major tensor of samples: the first axis of `shape` counts the samples. */
export interface DataTensor {
  type: ElementType;
  shape: number[];
  data: TypedData;
  /** What the axes of a sample mean, as its InputSpec says; augmentations change images only. */
  kind?: SampleKind;
  /** Where samples differ in length: how far each goes along the second axis; what lies behind is padding (zeros). Default: all are full. */
  lengths?: Int32Array;
}

/**
 * An image is [height, width, channels], RGB when it has three channels; features are one row of numbers; a text is [bytes] of UTF-8; audio is [samples]
 * or [samples, channels]; a tensor is anything else, unless a modality was added for it.
 */
export type SampleKind = 'image' | 'features' | 'text' | 'audio' | 'tensor' | (string & {});

export const ELEMENT_TYPES = Object.keys(ARRAYS) as readonly ElementType[];

/** Bytes of one element. */
export function bytesPerElement(type: ElementType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

/** A zeroed array of `length` elements. */
export function allocate<T extends ElementType>(type: T, length: number): TypedData<T> {
  return new ARRAYS[type](length) as unknown as TypedData<T>;
}

/** The bytes seen as elements of a type: shared where their alignment allows, else copied. The byte order is the machine's (little-endian). */
export function viewAs<T extends ElementType>(type: T, bytes: Uint8Array): TypedData<T> {
  const size = bytesPerElement(type);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const make = ARRAYS[type] as unknown as new (buffer: ArrayBufferLike, offset: number, length: number) => TypedData<T>;
  return new make(aligned.buffer, aligned.byteOffset, Math.floor(bytes.byteLength / size));
}

/** The elements seen as bytes. */
export function bytesOf(data: TypedData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** @throws OptionError when the data does not fill the shape exactly. */
export function checkTensor(name: string, tensor: DataTensor): void {
  const expected = sizeOf(tensor.shape);
  if (tensor.shape.length === 0 || tensor.data.length !== expected) {
    throw new OptionError({
      what: 'The data does not fill the shape',
      where: name,
      expected:
        tensor.shape.length === 0 ? 'a first axis that counts the samples' : `${expected} elements for [${tensor.shape.join(', ')}]`,
      got: String(tensor.data.length),
    });
  }
}
