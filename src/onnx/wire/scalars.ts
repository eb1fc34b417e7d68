import { isFieldSet } from '@bufbuild/protobuf';
import { type AttributeProto, AttributeProtoSchema, AttributeProto_AttributeType as Kind } from './onnx_pb.js';

/** IR versions before 3 do not store an attribute's type: it is the field that is set. */
export function kindOf(proto: AttributeProto): Kind {
  if (proto.type !== Kind.UNDEFINED) return proto.type;
  const { field } = AttributeProtoSchema;
  if (proto.t) return Kind.TENSOR;
  if (proto.g) return Kind.GRAPH;
  if (proto.ints.length > 0) return Kind.INTS;
  if (proto.floats.length > 0) return Kind.FLOATS;
  if (proto.strings.length > 0) return Kind.STRINGS;
  if (proto.tensors.length > 0) return Kind.TENSORS;
  if (proto.graphs.length > 0) return Kind.GRAPHS;
  if (isFieldSet(proto, field.s)) return Kind.STRING;
  if (isFieldSet(proto, field.f)) return Kind.FLOAT;
  return isFieldSet(proto, field.i) ? Kind.INT : Kind.UNDEFINED;
}

export function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function text(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes;
  }
}
