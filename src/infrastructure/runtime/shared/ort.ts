import type { DataType, TypedArray } from '../../../onnx/index.js';
import type { Port, SentTensor, SentTensors } from './protocol.js';

/** A tensor of ONNX Runtime, as far as its packages for Node and for pages agree and it is used here. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** The contents, from the graphics card if need be. */
  getData(): Promise<unknown>;
  /** Lets go of the memory, on the graphics card too. */
  dispose(): void;
}

/** Each package brings a class of its own. */
export type OrtTensorClass = new (dtype: never, contents: never, shape: readonly number[]) => OrtTensor;

interface OrtMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

export interface OrtSession {
  readonly inputMetadata: readonly OrtMetadata[];
  readonly outputMetadata: readonly OrtMetadata[];
  run(feeds: Record<string, OrtTensor>, fetch: readonly string[]): Promise<object>;
  release(): Promise<void>;
}

export function portOf({ name, isTensor, type, shape }: OrtMetadata): Port {
  return isTensor ? { name, dtype: type as DataType, shape: [...(shape ?? [])] } : { name, shape: [] };
}

/** Tensors of ONNX Runtime over what was received, not copied. */
export function received(tensors: SentTensors, Class: OrtTensorClass): Record<string, OrtTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, contents }]) => [name, new Class(dtype as never, contents as never, shape)]),
  );
}

/** A tensor of ONNX Runtime made ready to be posted. Without `copy` its memory goes along. */
export async function sendable(tensor: OrtTensor, copy: boolean): Promise<SentTensor> {
  const dtype = tensor.type as DataType;
  const shape = [...tensor.dims];
  const contents = await tensor.getData();
  if (dtype === 'string') return { dtype, shape, contents: contents as string[] };
  const data = contents as TypedArray;
  const mine = copy ? data.slice() : data;
  // Where the language has a Float16Array, ONNX Runtime uses it; here float16 is bits.
  return { dtype, shape, contents: dtype === 'float16' ? new Uint16Array(mine.buffer, mine.byteOffset, mine.length) : mine };
}
