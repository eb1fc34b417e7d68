import type { DataType, Dim, Graph, GraphBuilder, Node, Tensor, Value, ValueType } from '../onnx/index.js';
import type { Traits } from './traits.js';

/**
 * Everything that Espalier knows about one operator. Passes never switch on an operator's name: they look here. Every field is required,
 * so that a fact which is missing does not compile; "cannot" is said with a reason.
 */
export interface OpRule {
  /** Types of the outputs, from the types (and, for shapes, the integer contents) of the inputs. All opset versions. */
  readonly infer: InferRule;
  /** Multiply-accumulates of one run, for static shapes. Operators without multiplications that accumulate cost 0. */
  readonly macs: MacsRule;
  /** Gradients of the inputs, or why there are none. Sees the operator as of TRAINING_OPSET or newer. */
  readonly gradient: GradientRule | Refusal;
  /** Which axes live and die together when channels are pruned, or why the operator cannot be pruned through. All opset versions. */
  readonly coupling: CouplingRule | Refusal;
  /** What static quantization does with it. */
  readonly quantization: Quantization;
  /** Rewrites from the version before opset k to the form of opset k, for each k at which the form changed incompatibly. */
  readonly upgrades: Readonly<Record<number, UpgradeRule>>;
  /** For operators that runtimes' optimizers write: the same in operators of the standard. */
  readonly plain?: PlainRule;
  /** What holds of some operators only. */
  readonly traits?: Traits;
}

/** Why a rule does not exist, as a clause: "its output is an index". */
export interface Refusal {
  readonly refuses: string;
}

export function refuses(reason: string): Refusal {
  return { refuses: reason };
}

/** A family's rules, by operator name. */
export type Family = Readonly<Record<string, OpRule>>;

/** The oldest opset whose forms gradient rules handle; older graphs are upgraded first. */
export const TRAINING_OPSET = 21;

// ---- shape inference -------------------------------------------------------------------------------------------------------------

/**
 * An output's type; `contents` are the elements, in row-major order, of a small tensor that shapes are computed with, where they are known,
 * possibly symbolic. Undefined where nothing is known.
 */
export type Inferred = { readonly type: ValueType; readonly contents?: readonly Dim[] } | undefined;

export type InferRule = (context: InferContext) => readonly Inferred[];

export interface InferContext {
  readonly node: Node;
  /** Version of the node's domain. */
  readonly opset: number;
  /** Whether input `index` is given. */
  has(index: number): boolean;
  type(index: number): ValueType | undefined;
  /** Element type of a tensor input. */
  dtype(index: number): DataType | undefined;
  /** Shape of a tensor input; undefined where the rank is unknown. */
  shape(index: number): readonly Dim[] | undefined;
  /** Contents of a constant input. Reads the weights: only for small tensors. */
  constant(index: number): Tensor | undefined;
  /** Contents of a small integer input in row-major order, as far as they are known: constant or computed from shapes. */
  integers(index: number): readonly Dim[] | undefined;
  /** Infers a subgraph given the types of its inputs; returns the types of its outputs. */
  subgraph(graph: Graph, inputs: readonly Inferred[]): readonly Inferred[];
  /** @throws GraphError naming the node. */
  fail(what: string, expected?: string, got?: string): never;
}

// ---- cost ------------------------------------------------------------------------------------------------------------------------

export type MacsRule = (context: CostContext) => number;

export interface CostContext {
  readonly node: Node;
  readonly opset: number;
  /** Static shape of an input; [] for an absent one. */
  input(index: number): readonly number[];
  /** Static shape of an output. */
  output(index: number): readonly number[];
}

/** The cost of operators that multiply nothing. */
export const noMacs: MacsRule = () => 0;

// ---- gradients -------------------------------------------------------------------------------------------------------------------

/** A gradient that is zero by definition (of Floor, say). Rules return it rather than leave a gradient out. */
export const ZERO = Symbol('zero gradient');

/** A gradient per input, in order; undefined for inputs that have none (indices, shapes). A gradient of another shape than its input is summed
 * to it by the engine where the two broadcast, so that rules of broadcasting operators need not. */
export type GradientRule = (context: GradientContext) => readonly (Value | typeof ZERO | undefined)[];

export interface GradientContext {
  readonly node: Node;
  readonly opset: number;
  /** Writes the gradient graph; every value that it makes is typed. */
  readonly build: GraphBuilder;
  /** Whether input `index` is given. */
  has(index: number): boolean;
  /** Input `index`. @throws where it is absent. */
  input(index: number): Value;
  /** Output `index` of the forward node. An optional output that is absent is added. */
  output(index?: number): Value;
  /** Whether anything depends on output `index`. */
  hasGrad(index: number): boolean;
  /** Gradient of the loss with respect to output `index`; zeros where nothing depends on it. */
  grad(index?: number): Value;
  /** Whether the gradient of input `index` is wanted: rules skip costly gradients that nobody wants. */
  needs(index: number): boolean;
  /** Static shape of a value. @throws UnsupportedError naming the node where it is not static. */
  shape(value: Value): readonly number[];
  /** @throws UnsupportedError: this use of the operator has no gradient rule, because `reason`. */
  refuse(reason: string): never;
}

// ---- axis coupling ---------------------------------------------------------------------------------------------------------------

/** One axis of one value: one next to the node, or one whose size the node reads through a Shape. */
export interface AxisRef {
  readonly value: Value;
  readonly axis: number;
}

/** One way to tie an axis: index k of `axis` goes with the indices `map(k)` of the whole. */
export interface AxisChoice {
  readonly axis: AxisRef;
  readonly map: (index: number) => readonly number[];
}

/**
 * Declares which index of which axis goes with which. An axis of the node's inputs or outputs that the rule neither ties nor frees is
 * locked: nothing tied to it may be removed.
 */
export type CouplingRule = (context: CouplingContext) => void;

export interface CouplingContext {
  readonly node: Node;
  readonly opset: number;
  has(index: number): boolean;
  input(index: number): Value;
  output(index?: number): Value;
  /** Static shape of a value as it is before anything is removed. */
  shape(value: Value): readonly number[];
  /** Contents of a constant input, where it is constant. */
  constant(index: number): Tensor | undefined;
  /** Index k of axis `a` and index (or indices) `map(k)` of axis `b` are kept or removed together. Without `map`: the same index. */
  tie(a: AxisRef, b: AxisRef, map?: (index: number) => number | readonly number[]): void;
  /** Index `i` and index `j` of one axis are kept or removed together: groups of a grouped convolution must stay equally large. */
  tieWithin(axis: AxisRef, i: number, j: number): void;
  /**
   * An axis that merges several (or is split into them) can follow only one of them: were two tied, everything would hang together. Of the
   * `choices` whose axis nothing else locks, the one that leaves the most groups of indices that can go on their own is tied with `whole`
   * (the first, where several do); the other choices' axes are locked. Where all are locked, so is `whole`. Settled once every node has
   * declared its ties: those with the fewest open choices first, then in the order of the nodes.
   */
  tieOneOf(whole: AxisRef, choices: readonly AxisChoice[]): void;
  /** The axis may lose indices without any effect on this node. */
  free(axis: AxisRef): void;
  /**
   * Called after removal, to put attributes and constant shapes right. `size` gives the new static shape of a value next to the node,
   * `kept` the old indices that an axis still has, ascending.
   */
  afterwards(rewrite: (size: (value: Value) => readonly number[], kept: (axis: AxisRef) => readonly number[]) => void): void;
  /** @throws UnsupportedError: the pruner must stop here, because `reason`. */
  refuse(reason: string): never;
}

// ---- quantization ----------------------------------------------------------------------------------------------------------------

export type Quantization =
  /** Multiplies a weight: inputs `activations` and the outputs get scales of their own, the weight is quantized per channel along `axis`
   * (of the weight, by the node's attributes), the bias at scale(activation) * scale(weight) in int32. */
  | {
      readonly kind: 'weighted';
      readonly activations: readonly number[];
      readonly weight: number;
      readonly axis: (node: Node) => number;
      readonly bias?: number;
    }
  /** Computes on quantized inputs and gives its output a scale of its own: Add, Mul, Concat, AveragePool, MatMul of two activations … */
  | { readonly kind: 'arithmetic'; readonly activations: 'all' | readonly number[] }
  /** Moves or selects values: output and input share one scale. Input 0 is the data. */
  | { readonly kind: 'transparent' }
  /** An activation that a runtime folds into the operator before it by clipping: Relu, Clip. Transparent where it follows one. */
  | { readonly kind: 'clipping' }
  /** Stays in floating point. */
  | { readonly kind: 'float' };

// ---- opset upgrades --------------------------------------------------------------------------------------------------------------

/** Changes the node in place, or replaces it through `build`. */
export type UpgradeRule = (context: UpgradeContext) => void;

export interface UpgradeContext {
  readonly node: Node;
  readonly build: GraphBuilder;
  /** Rank of an input, where it is known. */
  rank(index: number): number | undefined;
  /** Lets everything that reads the node's output `index` read `replacement`, and the node is removed once none of its outputs is read. */
  replace(index: number, replacement: Value): void;
  /** @throws UnsupportedError: the old form cannot be said in the new opset, because `reason`. */
  refuse(reason: string): never;
}

// ---- fused operators -------------------------------------------------------------------------------------------------------------

/** Replaces the outputs of a fused node, which is removed then, by those of plain ones. */
export type PlainRule = (context: PlainContext) => void;

export interface PlainContext extends UpgradeContext {
  /** Version of the standard's operators. */
  readonly opset: number;
}
