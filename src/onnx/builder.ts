import { GraphError } from '../base/index.js';
import type { Dim } from './dims.js';
import type { DataType } from './dtypes.js';
import { type Attribute, type AttributeLike, Graph, Node, Value } from './graph.js';
import { Tensor } from './tensor.js';
import { tensorType } from './types.js';

export interface BuilderOptions {
  /** Called with each node as it is made, to give its outputs their types. `ops` supplies it; without it outputs are untyped. */
  infer?: (node: Node) => void;
  /** Prefix of made-up names, e.g. "grad". Default: the operator's name in lower case. */
  prefix?: string;
}

/** What an operator's input may be given as: a value, nothing, or a number, which becomes a scalar constant of the first typed input's type. */
export type Operand = Value | undefined;

/** Writes nodes into a graph. All of Espalier's own graphs (architectures, gradients, training steps) are made through it. */
export class GraphBuilder {
  readonly graph: Graph;
  readonly #infer?: (node: Node) => void;
  readonly #prefix?: string;
  readonly #constants = new Map<string, Value>();

  constructor(graph: Graph = new Graph(), options: BuilderOptions = {}) {
    this.graph = graph;
    this.#infer = options.infer;
    this.#prefix = options.prefix;
  }

  /** Declares a graph input. */
  input(name: string, dtype: DataType, shape: readonly Dim[]): Value {
    const value = new Value(this.graph.freshName(name), tensorType(dtype, shape));
    this.graph.inputs.push(value);
    return value;
  }

  /** Makes a value an output of the graph, called `name` where given. An Identity carries it where it may not be renamed. */
  output(value: Value, name?: string): Value {
    const renamable = value.producer?.graph === this.graph && !this.graph.outputs.includes(value);
    const carrier = renamable || value.name === name ? value : this.op('Identity', [value]);
    if (name !== undefined && carrier.name !== name) carrier.name = this.graph.freshName(name);
    this.graph.outputs.push(carrier);
    return carrier;
  }

  /** A named trainable or fixed tensor of the model. */
  parameter(name: string, tensor: Tensor): Value {
    return this.graph.addInitializer(this.graph.freshName(name), tensor);
  }

  /** A constant. Small equal ones are shared. */
  constant(tensor: Tensor): Value {
    const key = tensor.dtype !== 'string' && tensor.size <= 64 ? `${tensor.dtype}[${tensor.shape}]${tensor.bytes().join(',')}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known) return known;
    const value = this.graph.addInitializer(this.graph.freshName(this.#prefix ? `${this.#prefix}_constant` : 'constant'), tensor);
    if (key !== undefined) this.#constants.set(key, value);
    return value;
  }

  /** A constant scalar, float32 unless said otherwise. */
  scalar(number: number, dtype: DataType = 'float32'): Value {
    return this.constant(Tensor.scalar(dtype, number));
  }

  /** A constant vector of integers: axes, shapes, pads. */
  ints(values: readonly number[], dtype: DataType = 'int64'): Value {
    return this.constant(Tensor.from(dtype, [values.length], values));
  }

  /** Adds a node with one output. */
  op(type: string, inputs: readonly Operand[], attributes: Readonly<Record<string, AttributeLike>> = {}, domain = ''): Value {
    return this.node(type, inputs, attributes, { outputs: 1, domain })[0];
  }

  /** Adds a node with several outputs. */
  node(
    type: string,
    inputs: readonly Operand[],
    attributes: Readonly<Record<string, AttributeLike>> = {},
    { outputs = 1, domain = '', name }: { outputs?: number | readonly string[]; domain?: string; name?: string } = {},
  ): Value[] {
    const base = name ?? (this.#prefix ? `${this.#prefix}_${type}` : type.toLowerCase());
    const node = new Node(type, domain, this.graph.freshName(base));
    const last = inputs.findLastIndex((input) => input !== undefined);
    for (let index = 0; index <= last; index++) node.setInput(index, inputs[index]);
    for (const [key, like] of Object.entries(attributes)) if (like !== undefined) node.attributes.set(key, attributeOf(like, key, node));
    const names = typeof outputs === 'number' ? Array.from({ length: outputs }, () => undefined) : outputs;
    names.forEach((wanted, index) => {
      node.setOutput(index, new Value(this.graph.freshName(wanted ?? `${node.name}_out`)));
    });
    this.graph.add(node);
    this.type(node);
    return node.outputs as Value[];
  }

  /** Writes a subgraph for a node of this graph, a branch say. It reads the values of this one. */
  within(name: string): GraphBuilder {
    const graph = new Graph(name);
    graph.outer = this.graph;
    return new GraphBuilder(graph, { infer: this.#infer, prefix: this.#prefix });
  }

  /** A new value that no node makes yet. */
  value(name: string): Value {
    return new Value(this.graph.freshName(name));
  }

  /** Types a node's outputs again, after one was added or an input changed. */
  type(node: Node): void {
    this.#infer?.(node);
  }
}

/** The ONNX attribute that a plain value stands for: whole numbers become ints, others floats; say { type: 'float', value } to force one. */
export function attributeOf(like: Exclude<AttributeLike, undefined>, key: string, node: Node): Attribute {
  if (typeof like === 'number') return { type: Number.isInteger(like) ? 'int' : 'float', value: like };
  if (typeof like === 'string') return { type: 'string', value: like };
  if (like instanceof Tensor) return { type: 'tensor', value: like };
  if (like instanceof Graph) return { type: 'graph', value: like };
  if (!Array.isArray(like)) return like as Attribute;
  if (like.every((item) => typeof item === 'string')) return { type: 'strings', value: like };
  if (like.every((item) => Number.isInteger(item))) return { type: 'ints', value: like };
  if (like.every((item) => typeof item === 'number')) return { type: 'floats', value: like };
  throw new GraphError({ what: `Attribute "${key}" has a value of no ONNX type`, where: node.label });
}

/** A float attribute, for whole numbers that the operator wants as floats. */
export function floatAttribute(value: number): Attribute {
  return { type: 'float', value };
}
