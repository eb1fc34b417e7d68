import { create } from '@bufbuild/protobuf';
import { FormatError, sizeOf, UnsupportedError } from '../../base/index.js';
import { bitsOf, byteLengthOf, viewAs } from '../dtypes.js';
import { Tensor } from '../tensor.js';
import { type SparseTensorProto, SparseTensorProtoSchema, type TensorProto } from './onnx_pb.js';
import { readTensor, type TensorReader } from './tensors.js';

/** What a tensor keeps of the sparse initializer that it was, so that it is written as one. */
export class SparseOrigin {
  readonly proto: SparseTensorProto;
  readonly values: Tensor;
  readonly indices: Tensor;

  constructor(proto: SparseTensorProto, values: Tensor, indices: Tensor) {
    this.proto = proto;
    this.values = values;
    this.indices = indices;
  }
}

/** A sparse initializer (COO, indices linear or by axis) as the dense tensor that it stands for. */
export function readSparse(proto: SparseTensorProto, reader: TensorReader): Tensor {
  const label = `sparse tensor "${proto.values?.name ?? ''}"`;
  if (!proto.values || !proto.indices) throw new FormatError({ what: 'It lacks its values or its indices', where: label });
  const values = readTensor(proto.values, reader);
  const indices = readTensor(proto.indices, reader);
  const shape = proto.dims.map(Number);
  if (values.dtype === 'string' || bitsOf(values.dtype) < 8)
    throw new UnsupportedError({ what: `Sparse tensors of ${values.dtype} are not read`, where: label });
  const byteLength = byteLengthOf(values.dtype, sizeOf(shape));
  const isShape = shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (!isShape || !Number.isSafeInteger(byteLength))
    throw new FormatError({ what: 'Its dimensions are out of range', where: label, got: `[${shape}]` });
  const columns = indices.shape.length === 2 ? shape.length : 1;
  if (indices.dtype !== 'int64' || indices.size !== values.size * columns || (columns === 1 && indices.shape.length > 2)) {
    const expected = `int64 indices [${values.size}] or [${values.size},${shape.length}]`;
    throw new FormatError({
      what: 'Its indices do not fit its values',
      where: label,
      expected,
      got: `${indices.dtype} [${indices.shape}]`,
    });
  }
  reader.unfold(values.byteLength + indices.byteLength, byteLength, label);
  const read = () => densify(values, indices, shape, columns, label);
  return new Tensor(values.dtype, shape, { byteLength, read }, { wire: new SparseOrigin(proto, values, indices) });
}

function densify(values: Tensor, indices: Tensor, shape: readonly number[], columns: number, label: string): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(values.dtype, sizeOf(shape)));
  const dense = viewAs(values.dtype, bytes);
  const width = dense.length / Math.max(1, sizeOf(shape));
  const data = values.data();
  const places = indices.numbers();
  for (let k = 0; k < values.size; k++) {
    let place = 0;
    for (let column = 0; column < columns; column++)
      place = columns === 1 ? places[k] : place * shape[column] + places[k * columns + column];
    if (!(place >= 0 && place * width < dense.length))
      throw new FormatError({ what: 'An index lies outside', where: label, got: String(place) });
    for (let part = 0; part < width; part++) dense[place * width + part] = data[k * width + part] as never;
  }
  return bytes;
}

/** The sparse tensor as it was read, called `name`. */
export function writeSparse(
  { proto, values, indices }: SparseOrigin,
  name: string,
  write: (tensor: Tensor, name: string) => TensorProto,
): SparseTensorProto {
  const written = create(SparseTensorProtoSchema, {
    values: write(values, name),
    indices: write(indices, proto.indices?.name ?? ''),
    dims: proto.dims,
  });
  if (proto.$unknown) written.$unknown = proto.$unknown;
  return written;
}
