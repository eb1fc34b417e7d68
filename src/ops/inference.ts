import { allowed, EspalierError, GraphError, INFERRED, UnsupportedError } from '../base/index.js';
import {
  type Bindings,
  type BuilderOptions,
  bindDim,
  calleesOf,
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
  readonly #callee: (node: Node) => FunctionDefinition | undefined;
  readonly #work: Work;
  readonly #contents = new WeakMap<Value, readonly Dim[]>();
  /** Nodes that no rule covers, by label: their outputs keep their declared types. */
  readonly unknown = new Set<string>();

  constructor(opsets: ReadonlyMap<string, number>, functions: readonly FunctionDefinition[] = [], from?: Inference) {
    this.#opsets = opsets;
    this.#callee = from ? from.#callee : calleesOf(functions);
    this.#work = from ? from.#work : new Work();
  }

  /** Types every value of the graph. Nodes must be in order (see Graph.sort). @throws GraphError where types contradict the operator. */
  graph(graph: Graph): void {
    this.#work.within(
      () => graph.nodes.reduce((sum, node) => sum + nodesIn(node), 0),
      () => {
        for (const node of graph.nodes) this.node(node);
      },
    );
  }

  /** Types the outputs of one node whose inputs are typed. @throws GraphError where they contradict the operator. */
  node(node: Node): void {
    try {
      const inferred = this.#work.within(
        () => nodesIn(node),
        () => this.#apply(node),
      );
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
    if (inferred.type.kind === 'tensor' && !inferred.type.shape?.every(isDimension) && inferred.type.shape)
      throw new RangeError('A dimension is missing or out of range');
    value.type = merge(inferred.type, value.type);
    this.#remember(value, inferred);
  }

  /** Contents of an earlier run over the same graph (a loop's body, say) are forgotten. */
  #remember(value: Value, { contents }: NonNullable<Inferred>): void {
    if (contents && contents.length <= MAX_CONTENTS && contents.every(isExact)) this.#contents.set(value, contents);
    else this.#contents.delete(value);
  }

  #apply(node: Node): readonly Inferred[] {
    this.#work.add(node);
    const rule = ruleOf(node);
    if (rule) return rule.infer(this.#context(node));
    const definition = this.#callee(node);
    if (definition) return this.#call(definition, node);
    this.unknown.add(node.label);
    return [];
  }

  #call(definition: FunctionDefinition, node: Node): readonly Inferred[] {
    const { graph: body } = instantiate(definition, node);
    const inner = new Inference(new Map([...this.#opsets, ...definition.opsets]), [], this);
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

/** Beyond this a double is not the number that a 64-bit integer holds. */
function isExact(dim: Dim): boolean {
  return typeof dim !== 'number' || Math.abs(dim) <= Number.MAX_SAFE_INTEGER;
}

function isDimension(dim: Dim | undefined): boolean {
  return typeof dim === 'number' ? Number.isSafeInteger(dim) && dim >= 0 : dim !== undefined;
}

/** Nodes that are looked at under one call from outside: loops in loops and functions in functions multiply them. */
class Work {
  #depth = 0;
  #done = 0;
  #most = 0;

  /** Runs something, counting anew where nothing is running. @param size nodes that are there. */
  within<T>(size: () => number, act: () => T): T {
    if (this.#depth === 0) {
      this.#done = 0;
      this.#most = allowed(INFERRED, size());
    }
    this.#depth++;
    try {
      return act();
    } finally {
      this.#depth--;
    }
  }

  /** @throws UnsupportedError where it becomes too much. */
  add(node: Node): void {
    if (++this.#done <= this.#most) return;
    const fix = 'Write the loops or functions of the model with fewer levels.';
    throw new UnsupportedError({ what: `Inferring types takes more than ${this.#most} steps`, where: node.label, fix });
  }
}

function nodesIn(node: Node): number {
  return node.subgraphs().reduce((sum, graph) => graph.nodes.reduce((all, inner) => all + nodesIn(inner), sum), 1);
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
