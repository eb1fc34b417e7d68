import { EspalierError, GraphError } from '../base/index.js';
import {
  type Bindings,
  type BuilderOptions,
  bindDim,
  type DataType,
  type Dim,
  type FunctionDefinition,
  type Graph,
  GraphBuilder,
  instantiate,
  type Model,
  type Node,
  sameDim,
  type Tensor,
  type Value,
  type ValueType,
} from '../onnx/index.js';
import type { InferContext, Inferred } from './rule.js';
import { ruleOf } from './table.js';

/** Integer tensors with more elements than this are not followed through shape arithmetic. */
const MAX_CONTENTS = 1024;

const CHECKER = "ONNX's own checker tells more: onnx.checker.check_model(path, full_check=True).";

/**
 * Infers types and shapes node by node and remembers the integer contents of shape-like values. One lives as long as a graph is being
 * analysed or built; `infer` may be called again after the graph has changed.
 */
export class Inference {
  readonly #opsets: ReadonlyMap<string, number>;
  readonly #functions: readonly FunctionDefinition[];
  readonly #contents = new WeakMap<Value, readonly Dim[]>();
  /** Nodes that no rule covers, by label: their outputs keep their declared types. */
  readonly unknown = new Set<string>();

  constructor(opsets: ReadonlyMap<string, number>, functions: readonly FunctionDefinition[] = []) {
    this.#opsets = opsets;
    this.#functions = functions;
  }

  /** Types every value of the graph. Nodes must be in order (see Graph.sort). @throws GraphError where types contradict the operator. */
  graph(graph: Graph): void {
    for (const node of graph.nodes) this.node(node);
  }

  /** Types the outputs of one node whose inputs are typed. @throws GraphError where they contradict the operator. */
  node(node: Node): void {
    try {
      const inferred = this.#apply(node);
      node.outputs.forEach((output, index) => {
        if (output) this.#set(output, inferred[index]);
      });
    } catch (cause) {
      if (cause instanceof EspalierError) throw cause;
      // Rules count on what the specification says of ranks and attributes; a node that breaks it trips them up somewhere.
      throw new GraphError({ what: 'The inputs or attributes do not fit the operator', where: node.label, fix: CHECKER }, { cause });
    }
  }

  /** Integer contents of a value, where they are known. */
  integers(value: Value | undefined): readonly Dim[] | undefined {
    if (!value) return undefined;
    const known = this.#contents.get(value);
    if (known) return known;
    const { constant } = value;
    if (!constant || constant.size > MAX_CONTENTS || !/^u?int/.test(constant.dtype)) return undefined;
    const read = Array.from(constant.numbers());
    this.#contents.set(value, read);
    return read;
  }

  #set(value: Value, inferred: Inferred): void {
    if (!inferred) return;
    if (inferred.type.kind === 'tensor' && inferred.type.shape?.includes(undefined as never))
      throw new RangeError('A dimension is missing');
    value.type = merge(inferred.type, value.type);
    this.#remember(value, inferred);
  }

  /** Contents of an earlier run over the same graph (a loop's body, say) are forgotten. */
  #remember(value: Value, { contents }: NonNullable<Inferred>): void {
    if (contents && contents.length <= MAX_CONTENTS) this.#contents.set(value, contents);
    else this.#contents.delete(value);
  }

  #apply(node: Node): readonly Inferred[] {
    const rule = ruleOf(node);
    if (rule) return rule.infer(this.#context(node));
    const definition = this.#functions.find(
      (each) => each.name === node.op && each.domain === node.domain && each.overload === node.overload,
    );
    if (definition) return this.#call(definition, node);
    this.unknown.add(node.label);
    return [];
  }

  #call(definition: FunctionDefinition, node: Node): readonly Inferred[] {
    const { graph: body } = instantiate(definition, node);
    const inner = new Inference(new Map([...this.#opsets, ...definition.opsets]), this.#functions);
    return inner.#body(
      body,
      node.inputs.map((input) => this.#known(input)),
    );
  }

  /** Infers a graph's body under given input types. */
  #body(graph: Graph, inputs: readonly Inferred[]): readonly Inferred[] {
    graph.inputs.forEach((input, index) => {
      const given = inputs[index];
      if (!given) return;
      input.type = merge(given.type, input.type);
      this.#remember(input, given);
    });
    this.graph(graph);
    return graph.outputs.map((output) => this.#known(output));
  }

  #known(value: Value | undefined): Inferred {
    return value?.type && { type: value.type, contents: this.integers(value) };
  }

  #context(node: Node): InferContext {
    const tensorOf = (index: number) => {
      const type = node.inputs[index]?.type;
      return type?.kind === 'tensor' ? type : undefined;
    };
    return {
      node,
      opset: this.#opsets.get(node.domain) ?? (node.domain === '' ? (this.#opsets.get('ai.onnx') ?? 1) : 1),
      has: (index) => node.inputs[index] !== undefined,
      type: (index) => node.inputs[index]?.type,
      dtype: (index): DataType | undefined => tensorOf(index)?.dtype,
      shape: (index) => tensorOf(index)?.shape,
      constant: (index): Tensor | undefined => node.inputs[index]?.constant,
      integers: (index) => this.integers(node.inputs[index]),
      subgraph: (graph, inputs) => this.#body(graph, inputs),
      fail: (what, expected, got) => {
        throw new GraphError({ what, where: node.label, expected, got });
      },
    };
  }
}

/** The more precise of an inferred type and what was declared: inference wins, declarations fill what it leaves open. */
function merge(inferred: ValueType, declared: ValueType | undefined): ValueType {
  if (inferred.kind !== 'tensor' || declared?.kind !== 'tensor') return inferred;
  const dtype = inferred.dtype ?? declared.dtype;
  if (!inferred.shape || !declared.shape || inferred.shape.length !== declared.shape.length) {
    return { kind: 'tensor', dtype, shape: inferred.shape ?? declared.shape };
  }
  const shape = inferred.shape.map((dim, axis) => preferred(dim, declared.shape?.[axis] as Dim));
  return { kind: 'tensor', dtype, shape };
}

function preferred(inferred: Dim, declared: Dim): Dim {
  if (typeof inferred === 'number' || sameDim(inferred, declared)) return inferred;
  if (typeof declared === 'number') return inferred.isAnonymous ? declared : inferred;
  return inferred.isAnonymous && !declared.isAnonymous ? declared : inferred;
}

export interface InferOptions {
  /** Values for symbolic dimensions of the inputs, e.g. { N: 1 }. */
  bindings?: Bindings;
  /** Shapes that replace those of graph inputs, by input name. */
  inputShapes?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Types every value of a model in place. Shapes that depended on a symbol which `bindings` names become numbers.
 * @returns labels of nodes that no rule covers.
 * @throws GraphError where the graph contradicts itself.
 */
export function inferShapes(model: Model, options: InferOptions = {}): string[] {
  model.graph.sort();
  const { bindings = {}, inputShapes = {} } = options;
  for (const input of model.graph.inputs) {
    if (input.type?.kind !== 'tensor') continue;
    const given = Object.hasOwn(inputShapes, input.name) ? inputShapes[input.name] : undefined;
    const shape = given ?? input.type.shape?.map((dim) => bindDim(dim, bindings));
    input.type = { ...input.type, shape };
  }
  if (Object.keys(bindings).length + Object.keys(inputShapes).length > 0) forgetShapes(model.graph);
  const inference = new Inference(model.opsets, model.functions);
  inference.graph(model.graph);
  return [...inference.unknown];
}

/** Declared shapes of inner values may hold the symbols that were just bound, or sizes that no longer hold. Element types stay. */
function forgetShapes(graph: Graph): void {
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output?.type?.kind === 'tensor') output.type = { kind: 'tensor', dtype: output.type.dtype };
    for (const inner of node.subgraphs()) forgetShapes(inner);
  }
}

/** A builder whose every new value is typed at once. */
export function typedBuilder(graph: Graph, opsets: ReadonlyMap<string, number>, options: Omit<BuilderOptions, 'infer'> = {}): GraphBuilder {
  const inference = new Inference(opsets);
  return new GraphBuilder(graph, { ...options, infer: (node) => inference.node(node) });
}
