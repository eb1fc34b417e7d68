import { create } from '@bufbuild/protobuf';
import { type Dim, SymbolicDim } from '../dims.js';
import { codeOf, dtypeOf } from '../dtypes.js';
import type { ValueType } from '../types.js';
import {
  type TensorAnnotation,
  type TensorShapeProto,
  TensorShapeProtoSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
} from './onnx_pb.js';

/** What `extras.wire` of a value keeps: how its type was written. */
export interface ValueWire {
  type?: ValueType;
  proto?: TypeProto;
  unknown?: unknown;
  /** Its entry in value_info. */
  listed?: ValueInfoProto;
}

/** What `extras.wire` of a graph keeps. */
export interface GraphWire {
  annotations?: TensorAnnotation[];
  /** Declarations of values that do not exist. */
  stray?: ValueInfoProto[];
  unknown?: unknown;
}

export function readType(proto: TypeProto | undefined): ValueType | undefined {
  const value = proto?.value;
  switch (value?.case) {
    case 'tensorType':
      return { kind: 'tensor', dtype: dtypeOf(value.value.elemType), shape: readShape(value.value.shape) };
    case 'sparseTensorType':
      return { kind: 'sparse', dtype: dtypeOf(value.value.elemType), shape: readShape(value.value.shape) };
    case 'sequenceType':
      return { kind: 'sequence', element: readType(value.value.elemType) };
    case 'optionalType':
      return { kind: 'optional', element: readType(value.value.elemType) };
    case 'mapType':
      return { kind: 'map', key: dtypeOf(value.value.keyType), value: readType(value.value.valueType) };
    case 'opaqueType':
      return { kind: 'opaque', domain: value.value.domain, name: value.value.name };
    default:
      return undefined;
  }
}

function readShape(proto: TensorShapeProto | undefined): Dim[] | undefined {
  return proto?.dim.map(({ value }) => {
    if (value.case === 'dimValue' && value.value >= 0n) return Number(value.value);
    const isName = value.case === 'dimParam' && value.value !== '' && !value.value.includes('?');
    return isName ? SymbolicDim.named(value.value) : SymbolicDim.unknown();
  });
}

export function writeType(type: ValueType | undefined): TypeProto | undefined {
  if (!type) return undefined;
  const code = (dtype: Parameters<typeof codeOf>[0] | undefined) => (dtype ? codeOf(dtype) : 0);
  switch (type.kind) {
    case 'tensor':
      return create(TypeProtoSchema, {
        value: { case: 'tensorType', value: { elemType: code(type.dtype), shape: writeShape(type.shape) } },
      });
    case 'sparse':
      return create(TypeProtoSchema, {
        value: { case: 'sparseTensorType', value: { elemType: code(type.dtype), shape: writeShape(type.shape) } },
      });
    case 'sequence':
      return create(TypeProtoSchema, { value: { case: 'sequenceType', value: { elemType: writeType(type.element) } } });
    case 'optional':
      return create(TypeProtoSchema, { value: { case: 'optionalType', value: { elemType: writeType(type.element) } } });
    case 'map':
      return create(TypeProtoSchema, { value: { case: 'mapType', value: { keyType: code(type.key), valueType: writeType(type.value) } } });
    case 'opaque':
      return create(TypeProtoSchema, { value: { case: 'opaqueType', value: { domain: type.domain, name: type.name } } });
  }
}

function writeShape(shape: readonly Dim[] | undefined): TensorShapeProto | undefined {
  if (!shape) return undefined;
  return create(TensorShapeProtoSchema, {
    dim: shape.map((dim) => {
      if (typeof dim === 'number') return { value: { case: 'dimValue' as const, value: BigInt(dim) } };
      return dim.isAnonymous ? {} : { value: { case: 'dimParam' as const, value: dim.text } };
    }),
  });
}
