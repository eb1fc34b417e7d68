import { basename, dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { writeFileAtomic } from '../../base/node/index.js';
import type { Model } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { encodeModel } from '../wire/encode.js';
import { StringStringEntryProtoSchema, type TensorProto, TensorProto_DataLocation } from '../wire/onnx_pb.js';
import { writeTensor } from '../wire/tensors.js';

/** A protocol buffer may not be longer, in bytes. */
const PROTOBUF_LIMIT = 2 ** 31 - 1;
/** External tensors start at multiples of this, so that runtimes may map them, in bytes. */
const ALIGNMENT = 4096;

export interface SaveOptions {
  /** Put tensors of at least this many bytes into a file of their own beside the model. Default: only where the model would exceed 2 GB. */
  externalFrom?: number;
}

/** Writes a model to a file, wholly or not at all. @returns the number of bytes written, external data included. */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<number> {
  const externalFrom = options.externalFrom ?? (weightBytes(model) > PROTOBUF_LIMIT * 0.95 ? 1024 : Number.POSITIVE_INFINITY);
  const parts: Uint8Array[] = [];
  let offset = 0;
  const location = `${basename(path)}.data`;
  const bytes = encodeModel(model, {
    tensor: (tensor, name) => {
      const proto = writeTensor(tensor, name);
      if (proto.rawData.length < externalFrom) return proto;
      const gap = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT;
      parts.push(new Uint8Array(gap), proto.rawData);
      const entry = external(proto, location, offset + gap);
      offset += gap + proto.rawData.length;
      return entry;
    },
  });
  if (parts.length > 0) await writeFileAtomic(join(dirname(path), location), parts);
  await writeFileAtomic(path, bytes);
  return bytes.length + offset;
}

function external(proto: TensorProto, location: string, offset: number): TensorProto {
  const facts = { location, offset, length: proto.rawData.length };
  const externalData = Object.entries(facts).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }));
  return { ...proto, rawData: new Uint8Array(0), externalData, dataLocation: TensorProto_DataLocation.EXTERNAL };
}

function weightBytes(model: Model): number {
  const sizes = (tensors: Iterable<Tensor | undefined>) => [...tensors].reduce((sum, tensor) => sum + (tensor?.byteLength ?? 0), 0);
  return sizes([...model.graph.values(true)].map((value) => value.constant));
}
