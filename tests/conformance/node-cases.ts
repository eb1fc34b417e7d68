import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { decodeModel, type Model, type Tensor, type ValueType } from 'espalier/onnx';
import { TensorProtoSchema } from '#dist/onnx/wire/onnx_pb.js';
import { readTensor } from '#dist/onnx/wire/tensors.js';

/** Contents of an input or output of a case: a tensor, a sequence, or an optional value that may be absent. */
export type Contents = Tensor | readonly Contents[] | undefined;

/** One case of ONNX's own operator tests: a model, its inputs and the outputs that it must give. */
export interface NodeCase {
  readonly name: string;
  readonly model: Model;
  readonly inputs: readonly Contents[];
  readonly outputs: readonly Contents[];
}

export function caseNames(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function readCase(folder: string, name: string): NodeCase {
  const model = decodeModel(new Uint8Array(readFileSync(join(folder, name, 'model.onnx'))));
  const set = join(folder, name, 'test_data_set_0');
  const files = readdirSync(set);
  const read = (kind: string, values: Model['graph']['inputs']) =>
    values.flatMap(({ type }, index) => {
      const file = `${kind}_${index}.pb`;
      return files.includes(file) ? [contentsOf(new Uint8Array(readFileSync(join(set, file))), type)] : [];
    });
  return { name, model, inputs: read('input', model.graph.inputs), outputs: read('output', model.graph.outputs) };
}

/** Contents as the type says: onnx-data.proto has a message for each kind. */
function contentsOf(bytes: Uint8Array, type: ValueType | undefined): Contents {
  if (type?.kind === 'sequence') return sequenceOf(bytes);
  return type?.kind === 'optional' ? optionalOf(bytes) : tensorOf(bytes);
}

function tensorOf(bytes: Uint8Array): Tensor {
  const missing = () => {
    throw new Error('A case has external data');
  };
  return readTensor(fromBinary(TensorProtoSchema, bytes), { payloads: [], external: missing, unfold: () => undefined });
}

/** SequenceProto: tensors are field 3, sequences field 5. */
function sequenceOf(bytes: Uint8Array): Contents[] {
  return messages(bytes).flatMap(([field, message]) => (field === 3 ? [tensorOf(message)] : field === 5 ? [sequenceOf(message)] : []));
}

/** OptionalProto: a tensor is field 3, a sequence field 5. */
function optionalOf(bytes: Uint8Array): Contents {
  for (const [field, message] of messages(bytes)) {
    if (field === 3) return tensorOf(message);
    if (field === 5) return sequenceOf(message);
  }
  return undefined;
}

/** The length-delimited fields of a message. */
function messages(bytes: Uint8Array): [field: number, message: Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const found: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (wire === 2) found.push([field, reader.bytes()]);
    else reader.skip(wire);
  }
  return found;
}
