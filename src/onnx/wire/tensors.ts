import { create, type UnknownField } from '@bufbuild/protobuf';
import { FormatError, sizeOf } from '../../base/index.js';
import { byteLengthOf, codeOf, type DataType, dtypeOf, viewAs } from '../dtypes.js';
import { type ByteSource, Tensor } from '../tensor.js';
import { type SparseTensorProto, type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from './onnx_pb.js';
import { MARKER_FIELD } from './skim.js';

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
  /** Opens external data. @throws FormatError where it is missing or not allowed. */
  external(where: ExternalLocation, tensor: string): ByteSource;
}

/** A TensorProto as a tensor whose contents are read when they are asked for. */
export function readTensor(proto: TensorProto, reader: TensorReader): Tensor {
  const label = `tensor "${proto.name}"`;
  const dtype = dtypeOf(proto.dataType);
  if (!dtype) throw new FormatError({ what: 'The tensor has no element type', where: label });
  const shape = proto.dims.map((dim) => dimension(dim, label));
  const origin = { wire: proto };
  if (dtype === 'string') return new Tensor('string', shape, proto.stringData, origin);
  return new Tensor(dtype, shape, contents(proto, dtype, shape, reader, label), origin);
}

function dimension(dim: bigint, label: string): number {
  if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER))
    throw new FormatError({ what: 'A dimension is out of range', where: label, got: String(dim) });
  return Number(dim);
}

function contents(proto: TensorProto, dtype: DataType, shape: number[], reader: TensorReader, label: string): ByteSource | Uint8Array {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return reader.external(externalLocation(proto, label), proto.name);
  const marked = markerOf(proto.$unknown);
  if (marked !== undefined && reader.payloads[marked]) return reader.payloads[marked];
  if (proto.rawData.length > 0) return proto.rawData;
  return fromTypedFields(proto, dtype, sizeOf(shape));
}

function externalLocation(proto: TensorProto, label: string): ExternalLocation {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  if (!location) throw new FormatError({ what: 'External data without a location', where: label });
  const length = entries.get('length');
  return { location, offset: Number(entries.get('offset') ?? 0), length: length === undefined ? undefined : Number(length) };
}

function markerOf(unknown: readonly UnknownField[] | undefined): number | undefined {
  const marker = unknown?.find((field) => field.no === MARKER_FIELD);
  if (!marker) return undefined;
  let value = 0;
  marker.data.forEach((byte, i) => {
    value += (byte & 0x7f) * 2 ** (7 * i);
  });
  return value;
}

/** The typed fields of TensorProto (float_data, int32_data …) as raw bytes: each element type has its field by the specification. */
function fromTypedFields(proto: TensorProto, dtype: DataType, size: number): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(dtype, size));
  const view = viewAs(dtype, bytes);
  const fill = (values: ArrayLike<number | bigint>) => {
    if (values.length !== view.length) {
      throw new FormatError({
        what: `Contents do not fill a ${dtype} tensor`,
        where: `tensor "${proto.name}"`,
        expected: `${view.length} numbers`,
        got: `${values.length}`,
      });
    }
    for (let i = 0; i < values.length; i++) view[i] = values[i] as never;
  };
  if (view.length === 0) return bytes;
  if (dtype === 'float32' || dtype === 'complex64') fill(proto.floatData);
  else if (dtype === 'float64' || dtype === 'complex128') fill(proto.doubleData);
  else if (dtype === 'int64') fill(proto.int64Data);
  else if (dtype === 'uint64') fill(proto.uint64Data);
  else if (dtype === 'uint32') fill(proto.uint64Data.map(Number));
  else fill(proto.int32Data);
  return bytes;
}

/** A tensor as a TensorProto called `name`. An untouched one is written in the form in which it was read. */
export function writeTensor(tensor: Tensor, name: string): TensorProto {
  const origin = tensor.origin?.wire as TensorProto | undefined;
  const proto = create(TensorProtoSchema, { name, dims: tensor.shape.map(BigInt), dataType: codeOf(tensor.dtype) });
  if (origin) {
    if (origin.docString) proto.docString = origin.docString;
    proto.metadataProps = origin.metadataProps;
    const unknown = origin.$unknown?.filter((field) => field.no !== MARKER_FIELD);
    if (unknown?.length) proto.$unknown = unknown;
  }
  if (tensor.dtype === 'string') proto.stringData = [...tensor.stringBytes()];
  else if (origin && hasTypedFields(origin)) {
    for (const field of typedFields) proto[field] = origin[field] as never;
  } else proto.rawData = tensor.bytes();
  return proto;
}

const typedFields = ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data'] as const;

function hasTypedFields(proto: TensorProto): boolean {
  return typedFields.some((field) => proto[field].length > 0);
}

/** A sparse initializer (COO, indices linear or by axis) as the dense tensor that it stands for. */
export function readSparse(proto: SparseTensorProto, reader: TensorReader): Tensor {
  if (!proto.values || !proto.indices) throw new FormatError('A sparse tensor lacks its values or indices');
  const values = readTensor(proto.values, reader);
  const indices = readTensor(proto.indices, reader);
  const shape = proto.dims.map((dim) => dimension(dim, `sparse tensor "${proto.values?.name}"`));
  const byteLength = byteLengthOf(values.dtype, sizeOf(shape));
  return new Tensor(values.dtype, shape, { byteLength, read: () => densify(values, indices, shape) }, { wire: proto });
}

function densify(values: Tensor, indices: Tensor, shape: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(values.dtype, sizeOf(shape)));
  const dense = viewAs(values.dtype, bytes);
  const data = values.data();
  const places = indices.numbers();
  const rank = indices.shape.length === 2 ? shape.length : 1;
  for (let k = 0; k < data.length; k++) {
    let place = 0;
    for (let axis = 0; axis < rank; axis++) place = rank === 1 ? places[k] : place * shape[axis] + places[k * rank + axis];
    dense[place] = data[k] as never;
  }
  return bytes;
}
