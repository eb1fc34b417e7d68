import { GraphError } from '../base/index.js';
import type { AttributeLikeOf, AttributeOf } from './attributes.js';
import { constantOf } from './constants.js';
import type { Dim } from './dims.js';
import type { DataType } from './dtypes.js';
import type { Extras } from './extras.js';
import type { Tensor } from './tensor.js';
import type { ValueType } from './types.js';

/** An attribute of a node: it may hold a graph. */
export type Attribute = AttributeOf<Graph>;
/** What a builder accepts for one. */
export type AttributeLike = AttributeLikeOf<Graph>;

/** One edge of the dataflow: `node` reads the value as its input `index`. */
export interface Use {
  readonly node: Node;
  readonly index: number;
}

/**
 * A named value: a graph input, an initializer, or an output of a node. It knows who makes it and who reads it; the links are kept by
 * `Node.setInput`, `Graph.add` and `Graph.remove`, which are the only way to change them.
 */
export class Value {
  name: string;
  type?: ValueType;
  /** Constant contents: an initializer. A graph input may have one too; it is then that input's default. */
  initializer?: Tensor;
  /** @internal set by Node. */
  producer?: Node;
  /** @internal how often each node reads this value. */
  readonly readers = new Map<Node, number>();
  extras?: Extras;

  constructor(name: string, type?: ValueType) {
    this.name = name;
    this.type = type;
  }

  /** The tensor's element type, where known. */
  get dtype(): DataType | undefined {
    return this.type?.kind === 'tensor' ? this.type.dtype : undefined;
  }

  /** The tensor's shape, where the rank is known. */
  get shape(): readonly Dim[] | undefined {
    return this.type?.kind === 'tensor' ? this.type.shape : undefined;
  }

  /** Nodes that read this value, subgraphs' nodes included, each once. */
  get users(): Node[] {
    return [...this.readers.keys()];
  }

  /** Every edge that leaves this value. */
  uses(): Use[] {
    return this.users.flatMap((node) => node.inputs.flatMap((input, index) => (input === this ? [{ node, index }] : [])));
  }

  /** The contents where they are known without running anything: an initializer or the output of a Constant node. */
  get constant(): Tensor | undefined {
    if (this.initializer) return this.initializer;
    const { producer } = this;
    if (producer?.op !== 'Constant' || producer.domain !== '') return undefined;
    return constantOf(producer);
  }
}

/** One operation. Missing optional inputs and outputs are undefined. */
export class Node {
  op: string;
  /** '' is the standard's own domain. */
  domain: string;
  name: string;
  overload = '';
  readonly inputs: (Value | undefined)[] = [];
  readonly outputs: (Value | undefined)[] = [];
  readonly attributes = new Map<string, Attribute>();
  graph?: Graph;
  extras?: Extras;

  constructor(op: string, domain = '', name = '') {
    this.op = op;
    this.domain = domain;
    this.name = name;
  }

  /** Makes `value` the input at `index` (appending where index is the length) and keeps the use links. */
  setInput(index: number, value: Value | undefined): void {
    const old = this.inputs[index];
    if (old) {
      const count = old.readers.get(this) ?? 0;
      if (count <= 1) old.readers.delete(this);
      else old.readers.set(this, count - 1);
    }
    while (this.inputs.length < index) this.inputs.push(undefined);
    this.inputs[index] = value;
    if (value) value.readers.set(this, (value.readers.get(this) ?? 0) + 1);
  }

  /** Drops inputs from `count` on. */
  truncateInputs(count: number): void {
    for (let index = count; index < this.inputs.length; index++) this.setInput(index, undefined);
    this.inputs.length = Math.min(count, this.inputs.length);
  }

  /** Makes `value` the output at `index`. */
  setOutput(index: number, value: Value | undefined): void {
    const old = this.outputs[index];
    if (old?.producer === this) old.producer = undefined;
    while (this.outputs.length < index) this.outputs.push(undefined);
    this.outputs[index] = value;
    if (value) value.producer = this;
  }

  /** A float attribute, or `fallback` where it is absent. */
  float(name: string, fallback: number): number {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'float' || attribute?.type === 'int' ? Number(attribute.value) : fallback;
  }

  /** An integer attribute as a number, or `fallback` where it is absent. */
  int<T extends number | undefined>(name: string, fallback: T): number | T {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'int' ? Number(attribute.value) : fallback;
  }

  /** An integer list as numbers, or `fallback` where it is absent. */
  ints<T extends readonly number[] | undefined>(name: string, fallback: T): number[] | T {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'ints' ? attribute.value.map(Number) : fallback;
  }

  floats<T extends readonly number[] | undefined>(name: string, fallback: T): readonly number[] | T {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'floats' ? attribute.value : fallback;
  }

  string<T extends string | undefined>(name: string, fallback: T): string | T {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'string' && typeof attribute.value === 'string' ? attribute.value : fallback;
  }

  strings(name: string): string[] | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'strings' ? attribute.value.map(String) : undefined;
  }

  tensor(name: string): Tensor | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'tensor' ? attribute.value : undefined;
  }

  /** The subgraph in attribute `name`. */
  subgraph(name: string): Graph | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'graph' ? attribute.value : undefined;
  }

  /** Every subgraph that this node holds. */
  subgraphs(): Graph[] {
    return [...this.attributes.values()].flatMap((attribute) =>
      attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? [...attribute.value] : [],
    );
  }

  /** What errors call this node: its operator and its name, or its first output where it has none. */
  get label(): string {
    const name = this.name || this.outputs.find((output) => output)?.name || '?';
    return `${this.domain ? `${this.domain}.` : ''}${this.op} "${name}"`;
  }
}

/**
 * A list of nodes with inputs, outputs and initializers: a model's main graph, the body of If, Loop or Scan, or a function's body. Nodes may
 * read values of enclosing graphs. `nodes` need not be in order while it is edited; `sort` orders it, and writing does so first.
 */
export class Graph {
  name: string;
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  /** Values with contents that no node makes, in file order. Those that are also inputs are in both lists. */
  readonly initializers = new Set<Value>();
  extras?: Extras;
  /** The graph whose node holds this one. */
  outer?: Graph;
  #fresh = 0;

  constructor(name = '') {
    this.name = name;
  }

  /** Inputs that a caller must feed: those without an initializer. */
  get feeds(): Value[] {
    return this.inputs.filter((input) => !input.initializer);
  }

  /** Appends a node. */
  add(node: Node): Node {
    node.graph = this;
    for (const inner of node.subgraphs()) inner.outer = this;
    this.nodes.push(node);
    const { known } = this;
    if (known) for (const name of namesOf(node)) known.add(name);
    return node;
  }

  /** Takes nodes out and unlinks them (and the nodes of their subgraphs) from what they read. Their outputs must not be read any more. */
  remove(...nodes: readonly Node[]): void {
    this.removeAll(nodes);
  }

  /** `remove` for any number of nodes: a call takes some hundred thousand arguments at most. */
  removeAll(nodes: Iterable<Node>): void {
    const gone = new Set(nodes);
    for (const node of gone) unlink(node);
    for (const node of gone) {
      for (const output of node.outputs) {
        if (output && output.producer === node && output.readers.size > 0) {
          const readers = output.users.filter((user) => !gone.has(user));
          if (readers.length > 0) throw new GraphError({ what: 'A removed node is still read', where: node.label, got: readers[0].label });
        }
      }
      node.graph = undefined;
    }
    const kept = this.nodes.filter((node) => !gone.has(node));
    this.nodes.length = 0;
    for (const node of kept) this.nodes.push(node);
  }

  /** Adds a constant as an initializer. The name must be free (see `freshName`); '' makes one up. */
  addInitializer(name: string, tensor: Tensor): Value {
    const value = new Value(name === '' ? this.freshName('constant') : name, { kind: 'tensor', dtype: tensor.dtype, shape: tensor.shape });
    value.initializer = tensor;
    this.initializers.add(value);
    this.known?.add(value.name);
    return value;
  }

  /**
   * Lets every reader of `old`, and the graph's outputs, read `replacement` instead, which must hold the same. An output keeps its name and
   * declared type: `replacement` takes them, or, where it cannot (it is an input, an initializer, of another graph or an output itself), an
   * Identity node carries it.
   */
  replace(old: Value, replacement: Value): void {
    if (old === replacement) return;
    for (const { node, index } of old.uses()) node.setInput(index, replacement);
    if (!this.outputs.includes(old)) return;
    const free = replacement.producer?.graph === this && !this.inputs.includes(replacement) && !this.outputs.includes(replacement);
    const carrier = free ? replacement : this.#identity(replacement);
    [old.name, carrier.name] = [carrier.name, old.name];
    carrier.type = moreKnown(old.type, carrier.type);
    this.outputs.forEach((output, index) => {
      if (output === old) this.outputs[index] = carrier;
    });
  }

  #identity(value: Value): Value {
    const node = this.add(new Node('Identity', '', this.freshName('identity')));
    node.setInput(0, value);
    const carrier = new Value(this.freshName(value.name), value.type);
    node.setOutput(0, carrier);
    return carrier;
  }

  /** A name that no other value or node of this graph, its subgraphs or the graphs around it has: `base`, or made of it. */
  freshName(base: string): string {
    if (this.outer) return this.outer.freshName(base);
    const taken = this.#names();
    let name = base;
    while (taken.has(name)) name = `${base}_${++this.#fresh}`;
    taken.add(name);
    return name;
  }

  #known?: Set<string>;

  /** Names in use in the outermost graph, once somebody has asked for a fresh one. */
  private get known(): Set<string> | undefined {
    return this.outer ? this.outer.known : this.#known;
  }

  /** Names in use. Built once and only ever added to, by whatever is added to the graph too: a name that was freed is not given out again. */
  #names(): Set<string> {
    if (!this.#known) {
      this.#known = new Set();
      for (const value of this.values(true)) this.#known.add(value.name);
      for (const name of nodeNames(this)) this.#known.add(name);
    }
    return this.#known;
  }

  /** Every value defined here; with `deep`, in subgraphs as well. */
  *values(deep = false): Generator<Value> {
    const seen = new Set<Value>();
    for (const value of [...this.inputs, ...this.initializers]) if (!seen.has(value)) yield* once(value, seen);
    for (const node of this.nodes) {
      for (const output of node.outputs) if (output) yield* once(output, seen);
      if (deep) for (const graph of node.subgraphs()) yield* graph.values(true);
    }
  }

  /** Puts nodes into an order in which every value is made before it is read, keeping their present order where it can. @throws GraphError on a cycle. */
  sort(): void {
    const order: Node[] = [];
    const state = new Map<Node, 'open' | 'done'>();
    for (const root of this.nodes) {
      const stack: { node: Node; needs: Node[] }[] = [];
      const enter = (node: Node) => {
        state.set(node, 'open');
        stack.push({ node, needs: this.#needs(node).reverse() });
      };
      if (!state.has(root)) enter(root);
      for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const need = top.needs.pop();
        if (!need) {
          state.set(top.node, 'done');
          order.push(top.node);
          stack.pop();
        } else if (state.get(need) === 'open') {
          throw new GraphError({
            what: 'The graph has a cycle',
            where: need.label,
            fix: 'ONNX graphs must be acyclic; export the model again.',
          });
        } else if (!state.has(need)) enter(need);
      }
    }
    order.forEach((node, index) => {
      this.nodes[index] = node;
    });
    for (const node of this.nodes) for (const graph of node.subgraphs()) graph.sort();
  }

  /** Nodes of this graph whose outputs `node`, or a node inside its subgraphs, reads. */
  #needs(node: Node): Node[] {
    const needs = new Set<Node>();
    const visit = (reader: Node) => {
      for (const input of reader.inputs) if (input?.producer?.graph === this) needs.add(input.producer);
      for (const graph of reader.subgraphs()) {
        for (const inner of graph.nodes) visit(inner);
        for (const output of graph.outputs) if (output.producer?.graph === this) needs.add(output.producer);
      }
    };
    visit(node);
    return [...needs];
  }
}

/** The declared type, unless it says less than the other. */
function moreKnown(declared: ValueType | undefined, known: ValueType | undefined): ValueType | undefined {
  const isOpen = !declared || (declared.kind === 'tensor' && !(declared.dtype && declared.shape));
  return isOpen ? (known ?? declared) : declared;
}

function* once(value: Value, seen: Set<Value>): Generator<Value> {
  if (seen.has(value)) return;
  seen.add(value);
  yield value;
}

function unlink(node: Node): void {
  for (let index = 0; index < node.inputs.length; index++) node.setInput(index, undefined);
  for (const graph of node.subgraphs()) for (const inner of graph.nodes) unlink(inner);
}

/** Names of a node and of what it makes, in its subgraphs too. */
function* namesOf(node: Node): Generator<string> {
  yield node.name;
  for (const output of node.outputs) if (output) yield output.name;
  for (const inner of node.subgraphs()) {
    for (const value of inner.values(true)) yield value.name;
    yield* nodeNames(inner);
  }
}

/** Names of all nodes, in subgraphs too: runtimes want each only once. */
function* nodeNames({ nodes }: Graph): Generator<string> {
  for (const node of nodes) {
    yield node.name;
    for (const inner of node.subgraphs()) yield* nodeNames(inner);
  }
}
