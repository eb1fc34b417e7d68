import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { OptionError } from '../../base/index.js';
import { removeLeftovers, writeFileAtomic } from '../../base/node/index.js';
import type { Model } from '../model.js';
import type { Tensor } from '../tensor.js';
import { encodeModel } from '../wire/encode.js';
import { StringStringEntryProtoSchema, type TensorProto, TensorProto_DataLocation } from '../wire/onnx_pb.js';
import { writeHeader, writeTensor } from '../wire/tensors.js';

/** A protocol buffer may not be longer, in bytes. Structure gets the last twentieth. */
const PROTOBUF_LIMIT = 0.95 * (2 ** 31 - 1);
/** External tensors start at multiples of this, so that runtimes may map them, in bytes. */
const ALIGNMENT = 4096;
/** Tensors from this size on go to a file of their own where a model is too long for one file, in bytes. */
const LARGE = 1024;

export interface SaveOptions {
  /**
   * Put tensors of at least this many bytes into a file beside the model, called after it and its contents: NAME.onnx.HASH.data. Default: only
   * where the model would exceed 2 GB.
   */
  externalFrom?: number;
  /** Looks at the whole file, at the path that it is given, before it takes its name; where it throws, nothing is written. Default: no look. */
  check?: (draft: string) => Promise<void>;
}

/**
 * Writes a model to a file, wholly or not at all. External data goes first and under a name that no earlier version has, so that a kill at
 * any moment leaves a whole model; data files of earlier versions are removed at the end.
 * @returns the number of bytes written, external data included.
 * @throws EspalierError naming the file where it cannot be written; GraphError where the graph cannot be.
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<number> {
  const externalFrom = options.externalFrom ?? (weightBytes(model) > PROTOBUF_LIMIT ? LARGE : Number.POSITIVE_INFINITY);
  if (!(externalFrom >= 0))
    throw new OptionError({ what: 'externalFrom is no number of bytes', expected: '0 or more', got: String(externalFrom) });
  const outside = collect(model, externalFrom);
  const location = outside.tensors.length > 0 ? dataName(path, outside.tensors) : '';
  const bytes = encodeModel(model, {
    tensor: (tensor, name) => {
      const offset = outside.offsets.get(tensor);
      return offset === undefined ? writeTensor(tensor, name) : external(tensor, name, location, offset);
    },
  });
  const data = join(dirname(path), location);
  const isNew = location !== '' && !existsSync(data);
  if (location !== '') await writeFileAtomic(data, parts(outside.tensors));
  try {
    await writeFileAtomic(path, bytes, options.check);
  } catch (error) {
    if (isNew) await rm(data, { force: true });
    throw error;
  }
  await removeOldData(path, location);
  return bytes.length + outside.byteLength;
}

/** Tensors that go to the data file, each once, and where they start in it. */
interface Outside {
  tensors: Tensor[];
  offsets: Map<Tensor, number>;
  byteLength: number;
}

function collect(model: Model, externalFrom: number): Outside {
  const outside: Outside = { tensors: [], offsets: new Map(), byteLength: 0 };
  forEachTensor(model, (tensor) => {
    if (tensor.dtype === 'string' || tensor.byteLength < externalFrom || outside.offsets.has(tensor)) return;
    const offset = aligned(outside.byteLength);
    outside.tensors.push(tensor);
    outside.offsets.set(tensor, offset);
    outside.byteLength = offset + tensor.byteLength;
  });
  return outside;
}

/** Every tensor that the file will hold: encodes the structure alone. */
function forEachTensor(model: Model, visit: (tensor: Tensor) => void): void {
  encodeModel(model, {
    tensor: (tensor, name) => {
      visit(tensor);
      return writeHeader(tensor, name);
    },
  });
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** The data file's name, which tells its contents. */
function dataName(path: string, tensors: readonly Tensor[]): string {
  const hash = createHash('sha256');
  for (const part of parts(tensors)) hash.update(part);
  return `${basename(path)}.${hash.digest('hex').slice(0, 12)}.data`;
}

function* parts(tensors: readonly Tensor[]): Generator<Uint8Array> {
  let offset = 0;
  for (const tensor of tensors) {
    const gap = new Uint8Array(aligned(offset) - offset);
    for (const part of [gap, tensor.bytes()]) {
      yield part;
      offset += part.length;
    }
  }
}

/** Data files of this name that the model just written does not use, and what killed writers left of such. */
async function removeOldData(path: string, current: string): Promise<void> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const isData = (name: string) => name.startsWith(prefix) && /^[0-9a-f]{12}\.data$/.test(name.slice(prefix.length));
  await removeLeftovers(folder, isData);
  for (const name of await readdir(folder)) if (isData(name) && name !== current) await rm(join(folder, name), { force: true });
}

function external(tensor: Tensor, name: string, location: string, offset: number): TensorProto {
  const facts = { location, offset, length: tensor.byteLength };
  const externalData = Object.entries(facts).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }));
  return { ...writeHeader(tensor, name), externalData, dataLocation: TensorProto_DataLocation.EXTERNAL };
}

function weightBytes(model: Model): number {
  let sum = 0;
  forEachTensor(model, (tensor) => {
    sum += tensor.byteLength;
  });
  return sum;
}
