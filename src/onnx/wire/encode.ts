import { create, toBinary, type UnknownField } from '@bufbuild/protobuf';
import { checkNames } from '../check.js';
import type { Extras } from '../extras.js';
import type { Attribute, Graph, Node, Value } from '../graph.js';
import type { FunctionDefinition, Model } from '../model.js';
import type { Tensor } from '../tensor.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  type TrainingInfoProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';
import { SparseOrigin, writeSparse } from './sparse.js';
import { originOf, writeTensor } from './tensors.js';
import { type GraphWire, type ValueWire, writeType } from './types.js';

export interface EncodeOptions {
  /** Which inner values are written with their types: those that were declared in the file read (the default), or all that are typed. */
  valueInfo?: 'declared' | 'all';
  /** @internal moves large tensors out; see onnx/node. */
  tensor?: (tensor: Tensor, name: string) => TensorProto;
}

/**
 * Serializes a model; weights that are still in a file are read. Sorts the graph's nodes.
 * @throws GraphError on a cycle, and where a name in the file would stand for another value than the one that is meant.
 */
export function encodeModel(model: Model, options: EncodeOptions = {}): Uint8Array {
  model.graph.sort();
  checkNames(model.graph);
  for (const { graph } of model.functions) checkNames(graph);
  return toBinary(ModelProtoSchema, new Encoder(options).model(model));
}

class Encoder {
  readonly #all: boolean;
  readonly #tensor: (tensor: Tensor, name: string) => TensorProto;

  constructor({ valueInfo = 'declared', tensor = writeTensor }: EncodeOptions) {
    this.#all = valueInfo === 'all';
    this.#tensor = tensor;
  }

  model(model: Model): ModelProto {
    const kept = model.extras?.wire as { unknown?: UnknownField[]; trainingInfo?: TrainingInfoProto[] } | undefined;
    const proto = create(ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      graph: this.#graph(model.graph),
      opsetImport: writeOpsets(model.opsets),
      metadataProps: entries(model.metadata),
      functions: model.functions.map((definition) => this.#function(definition)),
      trainingInfo: kept?.trainingInfo ?? [],
    });
    if (model.producer.name) proto.producerName = model.producer.name;
    if (model.producer.version) proto.producerVersion = model.producer.version;
    if (model.domain) proto.domain = model.domain;
    if (model.version) proto.modelVersion = BigInt(model.version);
    if (model.extras?.doc) proto.docString = model.extras.doc;
    if (kept?.unknown) proto.$unknown = kept.unknown;
    return proto;
  }

  #graph(graph: Graph): GraphProto {
    const proto = create(GraphProtoSchema, {
      name: graph.name,
      node: graph.nodes.map((node) => this.#node(node)),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    });
    proto.valueInfo = this.#inner(graph);
    for (const value of graph.initializers) this.#initializer(proto, value);
    extend(proto, graph.extras);
    const kept = graph.extras?.wire as GraphWire | undefined;
    if (kept?.annotations) proto.quantizationAnnotation = kept.annotations;
    return proto;
  }

  #initializer(proto: GraphProto, value: Value): void {
    const tensor = value.initializer;
    if (!tensor) return;
    const origin = tensor.origin?.wire;
    if (origin instanceof SparseOrigin) proto.sparseInitializer.push(writeSparse(origin, value.name, this.#tensor));
    else proto.initializer.push(this.#tensor(tensor, value.name));
  }

  /** Declarations beside those of inputs and outputs: what was declared so in the file read, or all that is known. */
  #inner(graph: Graph): ValueInfoProto[] {
    const faces = new Set([...graph.inputs, ...graph.outputs]);
    const isWritten = (value: Value) => declarationOf(value)?.listed || (this.#all && value.type && value.producer && !faces.has(value));
    const names = new Set<string>();
    const infos: ValueInfoProto[] = [];
    for (const value of graph.values()) {
      names.add(value.name);
      if (isWritten(value)) infos.push(listing(value));
    }
    const { stray = [] } = (graph.extras?.wire ?? {}) as GraphWire;
    return [...infos, ...stray.filter(({ name }) => !names.has(name))];
  }

  #node(node: Node): NodeProto {
    const proto = create(NodeProtoSchema, {
      opType: node.op,
      input: node.inputs.map((input) => input?.name ?? ''),
      output: node.outputs.map((output) => output?.name ?? ''),
      attribute: [...node.attributes].map(([name, attribute]) => this.#attribute(name, attribute)),
    });
    if (node.name) proto.name = node.name;
    if (node.domain) proto.domain = node.domain;
    if (node.overload) proto.overload = node.overload;
    return extend(proto, node.extras);
  }

  #attribute(name: string, attribute: Attribute): AttributeProto {
    if (attribute.type === 'kept') return attribute.value as AttributeProto;
    const make = (type: Kind, fields: Partial<AttributeProto>) =>
      extend(create(AttributeProtoSchema, { name, type, ...fields } as never), attribute.extras);
    switch (attribute.type) {
      case 'float':
        return make(Kind.FLOAT, { f: attribute.value });
      case 'int':
        return make(Kind.INT, { i: BigInt(attribute.value) });
      case 'string':
        return make(Kind.STRING, { s: bytesOf(attribute.value) });
      case 'tensor':
        return make(Kind.TENSOR, { t: this.#tensor(attribute.value, nameOf(attribute.value)) });
      case 'graph':
        return make(Kind.GRAPH, { g: this.#graph(attribute.value) });
      case 'type':
        return make(Kind.TYPE_PROTO, { tp: writeType(attribute.value) });
      case 'floats':
        return make(Kind.FLOATS, { floats: [...attribute.value] });
      case 'ints':
        return make(Kind.INTS, { ints: attribute.value.map(BigInt) });
      case 'strings':
        return make(Kind.STRINGS, { strings: attribute.value.map(bytesOf) });
      case 'tensors':
        return make(Kind.TENSORS, { tensors: attribute.value.map((each) => this.#tensor(each, nameOf(each))) });
      case 'graphs':
        return make(Kind.GRAPHS, { graphs: attribute.value.map((graph) => this.#graph(graph)) });
      case 'types':
        return make(Kind.TYPE_PROTOS, { typeProtos: attribute.value.flatMap((type) => writeType(type) ?? []) });
      case 'ref':
        return make(attribute.of, { refAttrName: attribute.value });
    }
  }

  #function(definition: FunctionDefinition): FunctionProto {
    const kept = definition.extras?.wire as { valueInfo?: ValueInfoProto[] } | undefined;
    const proto = create(FunctionProtoSchema, {
      name: definition.name,
      domain: definition.domain,
      input: definition.graph.inputs.map((value) => value.name),
      output: definition.graph.outputs.map((value) => value.name),
      node: definition.graph.nodes.map((node) => this.#node(node)),
      attribute: definition.attributes,
      attributeProto: [...definition.defaults].map(([name, attribute]) => this.#attribute(name, attribute)),
      opsetImport: writeOpsets(definition.opsets),
      valueInfo: kept?.valueInfo ?? [],
    });
    if (definition.overload) proto.overload = definition.overload;
    return extend(proto, definition.extras);
  }
}

function nameOf(tensor: Tensor): string {
  return originOf(tensor)?.name ?? '';
}

/** A value's declaration. A type that is still the one read is written as it was read, denotations included. */
function valueInfo(value: Value): ValueInfoProto {
  const kept = declarationOf(value);
  const type = kept?.proto && kept.type === value.type ? kept.proto : writeType(value.type);
  const proto = create(ValueInfoProtoSchema, { name: value.name });
  if (type) proto.type = type;
  return extend(proto, value.extras);
}

/** Its entry in value_info, which for inputs and outputs may say it in another way. */
function listing(value: Value): ValueInfoProto {
  const kept = declarationOf(value);
  return kept?.listed && kept.type === value.type ? { ...kept.listed, name: value.name } : valueInfo(value);
}

function declarationOf(value: Value): ValueWire | undefined {
  return value.extras?.wire as ValueWire | undefined;
}

type Extendable = { docString: string; metadataProps?: unknown[]; $unknown?: UnknownField[] };

function extend<T extends Extendable>(proto: T, extras: Extras | undefined): T {
  if (extras?.doc) proto.docString = extras.doc;
  if (extras?.metadata && proto.metadataProps) proto.metadataProps = entries(extras.metadata);
  const unknown = (extras?.wire as { unknown?: UnknownField[] } | undefined)?.unknown;
  if (unknown) proto.$unknown = unknown;
  return proto;
}

function writeOpsets(opsets: ReadonlyMap<string, number>) {
  return [...opsets].map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));
}

function entries(map: ReadonlyMap<string, string>) {
  return [...map].map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}

const encoder = new TextEncoder();

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text;
}
