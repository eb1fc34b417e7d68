import { create, type UnknownField } from '@bufbuild/protobuf';
import { FormatError, sizeOf, UnsupportedError } from '../../base/index.js';
import { bitsOf, byteLengthOf, codeOf, type DataType, dtypeOf, viewAs } from '../dtypes.js';
import { type ByteSource, Tensor } from '../tensor.js';
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from './onnx_pb.js';
import { MARKER_FIELD } from './skim.js';
import { readVarint } from './varint.js';

/** Where a tensor's contents lie when they are not in the model's file. */
export interface ExternalLocation {
  /** Path relative to the model's folder, as the model gives it. */
  location: string;
  offset: number;
  /** Absent: up to the end of the file. */
  length?: number;
}

export interface TensorReader {
  payloads: readonly ByteSource[];
  /** Notes that stored bytes are to become `dense` ones. @throws FormatError where those of the whole model become too many. */
  unfold(stored: number, dense: number, label: string): void;
  /** Opens external data. @throws FormatError where it is missing or not allowed. */
  external(where: ExternalLocation, tensor: string): ByteSource;
}

/** A TensorProto as a tensor whose contents are read when they are asked for. @throws FormatError where they do not fill its shape. */
export function readTensor(proto: TensorProto, reader: TensorReader): Tensor {
  const label = `tensor "${proto.name}"`;
  const dtype = dtypeOf(proto.dataType);
  if (!dtype) throw new FormatError({ what: 'The tensor has no element type', where: label });
  if (proto.segment) throw new UnsupportedError({ what: 'The tensor is stored in segments', where: label });
  const shape = proto.dims.map((dim) => dimension(dim, label));
  const origin = { wire: proto };
  if (dtype === 'string') return new Tensor('string', shape, strings(proto, shape, label), origin);
  const source = contents(proto, dtype, shape, reader, label);
  const expected = byteLengthOf(dtype, sizeOf(shape));
  if (source.byteLength !== expected) throw misfit(dtype, shape, label, `${expected} bytes`, source.byteLength);
  return new Tensor(dtype, shape, source, origin);
}

function strings(proto: TensorProto, shape: number[], label: string): Uint8Array[] {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL)
    throw new FormatError({ what: 'Texts may not lie in a file of their own', where: label });
  if (proto.stringData.length !== sizeOf(shape)) throw misfit('string', shape, label, `${sizeOf(shape)} texts`, proto.stringData.length);
  return proto.stringData;
}

function misfit(dtype: DataType, shape: readonly number[], label: string, expected: string, got: number): FormatError {
  return new FormatError({
    what: `Contents do not fill a ${dtype} tensor of shape [${shape}]`,
    where: label,
    expected,
    got: String(got),
    fix: 'The file is damaged; fetch or export it again.',
  });
}

function dimension(dim: bigint, label: string): number {
  if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER))
    throw new FormatError({ what: 'A dimension is out of range', where: label, got: String(dim) });
  return Number(dim);
}

function contents(proto: TensorProto, dtype: DataType, shape: number[], reader: TensorReader, label: string): ByteSource | Uint8Array {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return reader.external(externalLocation(proto, label), proto.name);
  const marked = markerOf(proto.$unknown, dtype);
  if (marked !== undefined && reader.payloads[marked]) return reader.payloads[marked];
  if (proto.rawData.length > 0) return proto.rawData;
  return fromTypedFields(proto, dtype, shape, label);
}

function externalLocation(proto: TensorProto, label: string): ExternalLocation {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  if (!location) throw new FormatError({ what: 'External data without a location', where: label });
  const count = (key: string) => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
      throw new FormatError({ what: `The ${key} of external data is no number of bytes`, where: label, got: `"${text}"` });
    return value;
  };
  return { location, offset: count('offset') ?? 0, length: count('length') };
}

/** The fields whose bytes are a tensor's own, and for which element types. */
const contentFields: Readonly<Record<number, (dtype: DataType) => boolean>> = {
  4: (dtype) => dtype === 'float32' || dtype === 'complex64',
  9: () => true,
  10: (dtype) => dtype === 'float64' || dtype === 'complex128',
};

/** The number of the payload that was cut out of this tensor. */
function markerOf(unknown: readonly UnknownField[] | undefined, dtype: DataType): number | undefined {
  const marker = unknown?.find((field) => contentFields[field.no - MARKER_FIELD]?.(dtype));
  return marker && readVarint(marker.data, 0, marker.data.length)?.value;
}

/** The typed fields of TensorProto (float_data, int32_data …) as raw bytes: each element type has its field by the specification. */
function fromTypedFields(proto: TensorProto, dtype: DataType, shape: readonly number[], label: string): Uint8Array {
  const values = typedField(proto, dtype);
  const size = sizeOf(shape);
  const bits = bitsOf(dtype);
  const expected = bits === 2 || bits === 4 ? byteLengthOf(dtype, size) : dtype.startsWith('complex') ? 2 * size : size;
  if (values.length !== expected) throw misfit(dtype, shape, label, `${expected} numbers`, values.length);
  const bytes = new Uint8Array(byteLengthOf(dtype, size));
  if (bits === 6) {
    packSixBits(values, bytes);
    return bytes;
  }
  const view = viewAs(dtype, bytes);
  for (let i = 0; i < view.length; i++) view[i] = values[i] as never;
  return bytes;
}

/** Six-bit elements have an entry each in int32_data, but are packed in raw data, lowest bits first. */
function packSixBits(values: ArrayLike<number | bigint>, bytes: Uint8Array): void {
  for (let i = 0; i < values.length; i++) {
    const bits = (Number(values[i]) & 63) << ((i * 6) % 8);
    const byte = Math.floor((i * 6) / 8);
    bytes[byte] |= bits & 255;
    if (bits > 255) bytes[byte + 1] |= bits >> 8;
  }
}

function typedField(proto: TensorProto, dtype: DataType): ArrayLike<number | bigint> {
  if (dtype === 'float32' || dtype === 'complex64') return proto.floatData;
  if (dtype === 'float64' || dtype === 'complex128') return proto.doubleData;
  if (dtype === 'int64') return proto.int64Data;
  if (dtype === 'uint64') return proto.uint64Data;
  return dtype === 'uint32' ? proto.uint64Data.map(Number) : proto.int32Data;
}

/** The TensorProto that a tensor was read from. */
export function originOf(tensor: Tensor): TensorProto | undefined {
  const wire = tensor.origin?.wire as Partial<TensorProto> | undefined;
  return wire?.$typeName === 'onnx.TensorProto' ? (wire as TensorProto) : undefined;
}

/** A tensor as a TensorProto called `name`. An untouched one is written in the form in which it was read. */
export function writeTensor(tensor: Tensor, name: string): TensorProto {
  const origin = originOf(tensor);
  const proto = writeHeader(tensor, name);
  if (tensor.dtype === 'string') proto.stringData = [...tensor.stringBytes()];
  else if (origin && hasTypedFields(origin)) {
    for (const field of typedFields) proto[field] = origin[field] as never;
  } else proto.rawData = tensor.bytes();
  return proto;
}

/** The TensorProto without its contents. */
export function writeHeader(tensor: Tensor, name: string): TensorProto {
  const origin = originOf(tensor);
  const proto = create(TensorProtoSchema, { name, dims: tensor.shape.map(BigInt), dataType: codeOf(tensor.dtype) });
  if (!origin) return proto;
  if (origin.docString) proto.docString = origin.docString;
  proto.metadataProps = origin.metadataProps;
  const unknown = origin.$unknown?.filter((field) => !(field.no - MARKER_FIELD in contentFields));
  if (unknown?.length) proto.$unknown = unknown;
  return proto;
}

const typedFields = ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data'] as const;

function hasTypedFields(proto: TensorProto): boolean {
  return typedFields.some((field) => proto[field].length > 0);
}
