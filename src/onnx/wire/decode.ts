import { fromBinary } from '@bufbuild/protobuf';
import { allowed, DENSE, EspalierError, FormatError, GraphError } from '../../base/index.js';
import { assumeVersions } from '../assumed-versions.js';
import { checkCalls } from '../calls.js';
import type { Extras } from '../extras.js';
import { type Attribute, Graph, Node, Value } from '../graph.js';
import { type FunctionDefinition, Model } from '../model.js';
import { tensorType } from '../types.js';
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type OperatorSetIdProto,
  type StringStringEntryProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb.js';
import { integer, kindOf, text } from './scalars.js';
import { inMemory, type RandomAccess, skim } from './skim.js';
import { readSparse } from './sparse.js';
import { readTensor, type TensorReader } from './tensors.js';
import { type GraphWire, readType, type ValueWire } from './types.js';

export interface DecodeOptions {
  /** Opens external data; without it a model that has any is refused when the tensor is met. */
  external?: TensorReader['external'];
  /** What messages call the model. */
  source?: string;
}

/**
 * Reads a serialized ONNX model. Large tensors are views of the bytes: keep those unchanged while the model lives.
 * @throws FormatError where the bytes are no ONNX model; GraphError where its graph is cyclic, dangling or defines a value twice.
 */
export function decodeModel(bytes: Uint8Array | RandomAccess, options: DecodeOptions = {}): Model {
  try {
    return new Decoder(bytes instanceof Uint8Array ? inMemory(bytes) : bytes, options).model();
  } catch (cause) {
    if (!(cause instanceof EspalierError)) {
      throw new FormatError({ what: 'Not a readable ONNX model', where: options.source, got: String((cause as Error).message) }, { cause });
    }
    if (options.source && !cause.message.startsWith(options.source)) {
      const { what, where, expected, got, fix } = cause;
      const Same = cause.constructor as typeof EspalierError;
      throw new Same({ what, where: where ? `${options.source}, ${where}` : options.source, expected, got, fix }, { cause });
    }
    throw cause;
  }
}

/** Names visible at one place: this graph's, then those of the graphs around it. */
class Scope {
  readonly #values = new Map<string, Value>();
  readonly #outer?: Scope;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  find(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.find(name);
  }

  here(name: string): Value | undefined {
    return this.#values.get(name);
  }

  define(value: Value): Value {
    this.#values.set(value.name, value);
    return value;
  }
}

class Decoder {
  readonly #proto: ModelProto;
  readonly #reader: TensorReader;

  constructor(file: RandomAccess, options: DecodeOptions) {
    refusePointer(file);
    const { bytes, payloads } = skim(file);
    this.#proto = fromBinary(ModelProtoSchema, bytes);
    const external: TensorReader['external'] = (_, tensor) => {
      throw new FormatError({
        what: 'The tensor lies in a file of its own',
        where: `tensor "${tensor}"`,
        fix: 'Load the model from its path, so that the file beside it can be found.',
      });
    };
    this.#reader = { payloads, external: options.external ?? external, unfold: sparseAllowance() };
    this.#source = options.source;
  }

  readonly #source?: string;

  model(): Model {
    const proto = this.#proto;
    if (!proto.graph) throw new FormatError({ what: 'Not an ONNX model: it has no graph', fix: 'Check that this is an .onnx file.' });
    const model = new Model(this.#graph(proto.graph));
    for (const [domain, version] of readOpsets(proto.opsetImport)) model.opsets.set(domain, version);
    model.irVersion = Number(proto.irVersion);
    model.producer = { name: proto.producerName, version: proto.producerVersion };
    model.domain = proto.domain;
    model.version = Number(proto.modelVersion);
    for (const { key, value } of proto.metadataProps) model.metadata.set(key, value);
    for (const definition of proto.functions) model.functions.push(this.#function(definition));
    checkCalls(model);
    model.extras = { doc: proto.docString || undefined, wire: { unknown: proto.$unknown, trainingInfo: proto.trainingInfo } };
    model.source = this.#source;
    assumeVersions(model);
    return model;
  }

  #graph(proto: GraphProto, outer?: Scope): Graph {
    const graph = new Graph(proto.name);
    const scope = new Scope(outer);
    this.#inputs(graph, proto, scope);
    this.#initializers(graph, proto, scope);
    const nodes = proto.node.map((node) => this.#declare(graph, node, scope));
    nodes.forEach((node, index) => {
      this.#link(node, proto.node[index], scope);
    });
    const wire: GraphWire = { annotations: proto.quantizationAnnotation, stray: [], unknown: proto.$unknown };
    const inputs = new Set(graph.inputs);
    for (const info of proto.valueInfo) {
      const value = scope.here(info.name);
      if (!value) wire.stray?.push(info);
      else if (inputs.has(value)) value.extras = { ...value.extras, wire: { ...(value.extras?.wire as ValueWire), listed: info } };
      else describe(value, info, info);
    }
    for (const info of proto.output) graph.outputs.push(this.#output(graph, info, scope));
    graph.extras = { ...extrasOf(proto), wire };
    graph.sort();
    return graph;
  }

  #inputs(graph: Graph, proto: GraphProto, scope: Scope): void {
    for (const info of proto.input) {
      if (scope.here(info.name)) throw new GraphError({ what: `Two inputs are called "${info.name}"`, where: `graph "${proto.name}"` });
      const value = scope.define(new Value(info.name));
      describe(value, info);
      graph.inputs.push(value);
    }
  }

  #initializers(graph: Graph, proto: GraphProto, scope: Scope): void {
    const define = (name: string, tensor: ReturnType<typeof readTensor>) => {
      const value = scope.here(name) ?? scope.define(new Value(name));
      if (graph.initializers.has(value))
        throw new GraphError({ what: `Two initializers are called "${name}"`, where: `graph "${proto.name}"` });
      value.initializer = tensor;
      value.type ??= tensorType(tensor.dtype, tensor.shape);
      graph.initializers.add(value);
    };
    for (const tensor of proto.initializer) define(tensor.name, readTensor(tensor, this.#reader));
    for (const sparse of proto.sparseInitializer) define(sparse.values?.name ?? '', readSparse(sparse, this.#reader));
  }

  /** Makes the node and its outputs, so that nodes in any order find each other. */
  #declare(graph: Graph, proto: NodeProto, scope: Scope): Node {
    const node = new Node(proto.opType, domainOf(proto), proto.name);
    node.overload = proto.overload;
    proto.output.forEach((name, index) => {
      if (name === '') {
        node.setOutput(index, undefined);
        return;
      }
      if (scope.here(name)) {
        throw new GraphError({
          what: `The value "${name}" is defined twice`,
          where: node.label,
          fix: 'Each value of an ONNX graph may have one maker only; export the model again.',
        });
      }
      node.setOutput(index, scope.define(new Value(name)));
    });
    node.extras = extrasOf(proto);
    return graph.add(node);
  }

  #link(node: Node, proto: NodeProto, scope: Scope): void {
    proto.input.forEach((name, index) => {
      const value = name === '' ? undefined : scope.find(name);
      if (name !== '' && !value) {
        throw new GraphError({
          what: `The node reads "${name}", which nothing makes`,
          where: node.label,
          fix: 'The graph is incomplete; export the model again.',
        });
      }
      node.setInput(index, value);
    });
    for (const attribute of proto.attribute) node.attributes.set(attribute.name, this.#attribute(attribute, scope));
    for (const inner of node.subgraphs()) inner.outer = node.graph;
  }

  /** A subgraph that hands out a value of a graph around it does so through an Identity: runtimes want that, and uses then tell all. */
  #output(graph: Graph, info: ValueInfoProto, scope: Scope): Value {
    const found = scope.find(info.name);
    if (!found)
      throw new GraphError({
        what: `Nothing makes the graph output "${info.name}"`,
        where: `graph "${graph.name}"`,
        fix: 'The graph is incomplete; export the model again.',
      });
    const value = scope.here(info.name) ?? carry(graph, found);
    if (value.producer || !value.type) describe(value, info);
    return value;
  }

  #attribute(proto: AttributeProto, scope: Scope): Attribute {
    const attribute = this.#plainAttribute(proto, scope);
    const hasUnknown = (proto.$unknown?.length ?? 0) > 0;
    if (attribute.type === 'kept' || (proto.docString === '' && !hasUnknown)) return attribute;
    return { ...attribute, extras: { doc: proto.docString || undefined, wire: hasUnknown ? { unknown: proto.$unknown } : undefined } };
  }

  #plainAttribute(proto: AttributeProto, scope: Scope): Attribute {
    if (proto.refAttrName !== '') return { type: 'ref', value: proto.refAttrName, of: proto.type };
    const tensor = (each: TensorProto) => readTensor(each, this.#reader);
    switch (kindOf(proto)) {
      case Kind.FLOAT:
        return { type: 'float', value: proto.f };
      case Kind.INT:
        return { type: 'int', value: integer(proto.i) };
      case Kind.STRING:
        return { type: 'string', value: text(proto.s) };
      case Kind.TENSOR:
        return proto.t ? { type: 'tensor', value: tensor(proto.t) } : { type: 'kept', value: proto };
      case Kind.GRAPH:
        return proto.g ? { type: 'graph', value: this.#graph(proto.g, scope) } : { type: 'kept', value: proto };
      case Kind.FLOATS:
        return { type: 'floats', value: proto.floats };
      case Kind.INTS:
        return { type: 'ints', value: proto.ints.map(integer) };
      case Kind.STRINGS:
        return { type: 'strings', value: proto.strings.map(text) };
      case Kind.TENSORS:
        return { type: 'tensors', value: proto.tensors.map(tensor) };
      case Kind.GRAPHS:
        return { type: 'graphs', value: proto.graphs.map((graph) => this.#graph(graph, scope)) };
      default: {
        const type = proto.tp && readType(proto.tp);
        return type ? { type: 'type', value: type } : { type: 'kept', value: proto };
      }
    }
  }

  #function(proto: FunctionProto): FunctionDefinition {
    const scope = new Scope();
    const graph = new Graph(proto.name);
    for (const name of proto.input) graph.inputs.push(scope.define(new Value(name)));
    const nodes = proto.node.map((node) => this.#declare(graph, node, scope));
    nodes.forEach((node, index) => {
      this.#link(node, proto.node[index], scope);
    });
    for (const name of proto.output) {
      const value = scope.find(name);
      if (!value) throw new GraphError({ what: `Nothing makes the output "${name}"`, where: `function ${proto.domain}.${proto.name}` });
      graph.outputs.push(value);
    }
    graph.sort();
    return {
      name: proto.name,
      domain: domainOf(proto),
      overload: proto.overload,
      graph,
      attributes: proto.attribute,
      defaults: new Map(proto.attributeProto.map((attribute) => [attribute.name, this.#attribute(attribute, scope)])),
      opsets: readOpsets(proto.opsetImport),
      extras: { ...extrasOf(proto), wire: { unknown: proto.$unknown, valueInfo: proto.valueInfo } },
    };
  }
}

/** Counts what sparse tensors of one model become. */
function sparseAllowance(): TensorReader['unfold'] {
  const total = { stored: 0, dense: 0 };
  return (stored, dense, label) => {
    total.stored += stored;
    total.dense += dense;
    const most = allowed(DENSE, total.stored);
    if (total.dense <= most) return;
    throw new FormatError({
      what: 'Sparse tensors would become too large',
      where: label,
      expected: `at most ${most} bytes for the ${total.stored} that they are stored in`,
      got: String(total.dense),
      fix: 'Store them as dense tensors if they are meant to be so large.',
    });
  };
}

/** Versions of operator sets go up by two a year; beyond this one the number is damaged. */
const LATEST_VERSION = 10_000;

const POINTER = 'version https://git-lfs';

/** What a checkout without Git LFS has in place of a large file. */
function refusePointer(file: RandomAccess): void {
  const start = String.fromCharCode(...file.read(0, Math.min(POINTER.length, file.byteLength)));
  if (start !== POINTER) return;
  throw new FormatError({ what: 'The file is a Git LFS pointer and not the model itself', fix: 'Run "git lfs pull" where it came from.' });
}

function describe(value: Value, info: ValueInfoProto, listed = (value.extras?.wire as ValueWire | undefined)?.listed): void {
  const type = readType(info.type) ?? value.type;
  const wire: ValueWire = { type, proto: info.type, unknown: info.$unknown, listed };
  value.type = type;
  value.extras = { ...extrasOf(info), wire };
}

function carry(graph: Graph, outer: Value): Value {
  const node = new Node('Identity', '', '');
  node.setInput(0, outer);
  const value = new Value(`${outer.name}/${graph.name || 'inner'}`, outer.type);
  node.setOutput(0, value);
  graph.add(node);
  return value;
}

/** 'ai.onnx' is the standard domain's other name. */
function domainOf({ domain }: { domain: string }): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function readOpsets(imports: readonly OperatorSetIdProto[]): Map<string, number> {
  return new Map(
    imports.map((entry) => {
      const version = Number(entry.version);
      // What is written as 0 or left out is the first version; others at the far end would have upgrades go through all in between.
      if (version >= 0 && version <= LATEST_VERSION) return [domainOf(entry), version];
      const where = `opset import of domain "${domainOf(entry) || 'ai.onnx'}"`;
      throw new FormatError({ what: 'There is no such version', where, expected: `0 to ${LATEST_VERSION}`, got: String(entry.version) });
    }),
  );
}

function extrasOf(proto: { docString: string; metadataProps: StringStringEntryProto[]; $unknown?: unknown }): Extras | undefined {
  const hasUnknown = Array.isArray(proto.$unknown) && proto.$unknown.length > 0;
  if (proto.docString === '' && proto.metadataProps.length === 0 && !hasUnknown) return undefined;
  return {
    doc: proto.docString || undefined,
    metadata: proto.metadataProps.length > 0 ? new Map(proto.metadataProps.map(({ key, value }) => [key, value])) : undefined,
    wire: hasUnknown ? { unknown: proto.$unknown } : undefined,
  };
}
