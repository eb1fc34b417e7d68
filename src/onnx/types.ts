import type { Dim } from './dims.js';
import type { DataType } from './dtypes.js';

/** The type of a value in a graph. `shape` is absent where even the rank is unknown. */
export type ValueType = TensorType | SparseTensorType | SequenceType | OptionalType | MapType | OpaqueType;

export interface TensorType {
  readonly kind: 'tensor';
  readonly dtype?: DataType;
  readonly shape?: readonly Dim[];
}
export interface SparseTensorType {
  readonly kind: 'sparse';
  readonly dtype?: DataType;
  readonly shape?: readonly Dim[];
}
export interface SequenceType {
  readonly kind: 'sequence';
  readonly element?: ValueType;
}
export interface OptionalType {
  readonly kind: 'optional';
  readonly element?: ValueType;
}
export interface MapType {
  readonly kind: 'map';
  readonly key?: DataType;
  readonly value?: ValueType;
}
export interface OpaqueType {
  readonly kind: 'opaque';
  readonly domain: string;
  readonly name: string;
}

export function tensorType(dtype?: DataType, shape?: readonly Dim[]): TensorType {
  return { kind: 'tensor', dtype, shape };
}
