import { UnsupportedError } from '../../../base/index.js';
import type { DataType, Node, Tensor, Value } from '../../../onnx/index.js';
import { channelsLast, type Layout } from '../layout.js';
import { ACTIVATIONS, type Activation } from '../types.js';
import type { Builtin } from '../wire/builtins.js';
import type { IntegerKind, RuleFacts } from './rule.js';
import { clipActivation, exactScalar } from './scalars.js';
import type { Options } from './tables.js';
import { gridOf, isConstant, isFloatValue, sameGrid, storedConstant, type TensorGrid } from './values.js';
import type { TensorFacts, Writer } from './writer.js';

/** What an operator's first output becomes in the file. */
interface Ending {
  /** The value that the operator gives: behind its activation, and behind QuantizeLinear where it computes in integers. */
  readonly value: Value;
  readonly activation: Activation;
  /** The grid of its integers, where it computes in integers. */
  readonly grid?: TensorGrid;
  /** Others that quantize it likewise. */
  readonly alike: readonly Value[];
}

export interface EmitOptions {
  readonly layout?: Layout;
  readonly options?: Options;
  readonly output?: number;
  readonly version?: number;
}

/** What writes one node is given: its values as tensors of the file. Whether it computes in integers is settled before. */
export class WriteContext {
  readonly #rule: RuleFacts;
  readonly #integer: IntegerKind | undefined;
  readonly ending: Ending;
  /** Whether it is written as an operator on integers. */
  readonly isInteger: boolean;

  constructor(
    readonly writer: Writer,
    readonly node: Node,
    rule: RuleFacts,
  ) {
    this.#rule = rule;
    this.#integer = typeof rule.integer === 'function' ? rule.integer(node) : rule.integer;
    const plain: Ending = { value: node.outputs[0] as Value, activation: 'NONE', alike: [] };
    const integer = this.#integerEnding();
    this.isInteger = integer !== undefined;
    this.ending = integer ?? (rule.fuses ? this.#behindActivation() : plain);
  }

  value(index: number): Value {
    const value = this.node.inputs[index];
    if (!value) this.refuse(`input ${index} is missing`);
    return value;
  }

  has(index: number): boolean {
    return this.node.inputs[index] !== undefined;
  }

  get result(): Value {
    return this.node.outputs[0] as Value;
  }

  rank(index: number): number {
    const { shape } = this.value(index);
    if (!shape) this.refuse(`the rank of input ${index} is not known`);
    return shape.length;
  }

  /** Sizes of an input, with one sample. */
  shape(index: number): number[] {
    return this.writer.sizes(this.value(index)).shape;
  }

  /** A constant input; undefined where it is computed. */
  constant(index: number): Tensor | undefined {
    return this.node.inputs[index]?.constant;
  }

  /** Integers of an input, which must be constant; the fallback where it is absent. */
  integers(index: number, what: string, fallback?: readonly number[]): number[] {
    if (!this.has(index) && fallback) return [...fallback];
    const found = this.constant(index);
    if (!found) this.refuse(`${what} are computed when it runs`);
    return [...found.numbers()];
  }

  /** The layout in which inputs can be combined without moving axes. */
  layoutOf(...indices: readonly number[]): Layout {
    return indices.some((index) => this.rank(index) >= 3 && this.writer.prefersOther(this.value(index))) ? 'other' : 'own';
  }

  /** Where an axis of a value of some rank lies in a layout. */
  axisIn(layout: Layout, axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    return layout === 'own' || rank < 3 ? positive : channelsLast(rank).indexOf(positive);
  }

  byAxis<T>(layout: Layout, own: readonly T[]): T[] {
    return this.writer.arranged(own, layout);
  }

  /** The tensor of an input, in integers where the operator computes so. */
  input(index: number, layout: Layout = 'own'): number {
    const value = this.value(index);
    if (!this.isInteger || !isFloatValue(value)) return this.inputReal(index, layout);
    if (!isConstant(value)) return this.writer.stored(value, layout);
    const scalar = exactScalar(value);
    if (!scalar) this.refuse(`input ${index} is a constant in floats beside integers`);
    return this.writer.constant(value.name, scalar.integers, { scale: [scalar.scale], zeroPoint: [0], axis: 0 });
  }

  /** The integers of an input on the grid of the result, rounded once more where they are on another. */
  inputOnGrid(index: number, layout: Layout): number {
    const wanted = this.ending.grid;
    const tensor = this.input(index, layout);
    if (!wanted || sameGrid(this.grid(index), wanted)) return tensor;
    const { shape, signature } = this.writer.parts.tensors[tensor];
    const facts = this.between(`${this.value(index).name}_rounded`, shape, signature, wanted);
    return this.writer.operator('QUANTIZE', [tensor], facts, { name: 'QuantizeOptions', values: {} });
  }

  inputReal(index: number, layout: Layout = 'own'): number {
    const value = this.value(index);
    const grid = this.writer.gridOf(value);
    return grid && !isFloatValue(value) ? this.writer.stored(value, layout) : this.writer.real(value, layout);
  }

  /** @throws UnsupportedError where a kernel has no form for the type of an input. */
  requireTypes(index: number, types: readonly DataType[]): void {
    const { dtype } = this.value(index);
    if (dtype !== undefined && !types.includes(dtype)) this.refuse(`its kernel is for ${types.join(', ')}, and input ${index} is ${dtype}`);
  }

  grid(index: number): TensorGrid {
    const grid = this.writer.gridOf(this.value(index));
    if (!grid) this.refuse(`input ${index} is not quantized`);
    return grid;
  }

  /** A constant of sizes or axes. */
  list(values: readonly number[], name = 'sizes', shape?: readonly number[]): number {
    return this.writer.integers(name, values, shape);
  }

  /** Facts of a tensor between operators. */
  between(name: string, shape: readonly number[], signature?: readonly number[], grid?: TensorGrid): TensorFacts {
    return { name, dtype: grid?.dtype ?? 'float32', shape, signature, grid };
  }

  /** Facts of the tensor that holds output `index`, as the operator makes it. */
  facts(layout: Layout, index = 0): TensorFacts {
    const isFirst = index === 0;
    const value = isFirst ? this.ending.value : (this.node.outputs[index] as Value);
    const grid = this.#ownGrid(index);
    return {
      name: value.name,
      dtype: grid?.dtype ?? value.dtype ?? 'float32',
      ...this.writer.sizes(value, layout),
      grid,
    };
  }

  /** The grid on which the operator's own kernel puts its result. */
  #ownGrid(index: number): TensorGrid | undefined {
    const [source] = this.node.inputs;
    const isMoved = source && !isFloatValue(source) && this.writer.gridOf(source) && this.node.outputs[index]?.dtype === source.dtype;
    if (isMoved) return this.writer.gridOf(source);
    if (!this.isInteger) return undefined;
    const integer = this.#integer;
    if (integer === 'same') return this.grid(this.#activations()[0]);
    return typeof integer === 'object' ? { dtype: 'int8', ...integer } : this.ending.grid;
  }

  /** Adds the operator that makes output 0 (or another), and says so. */
  emit(name: Builtin, inputs: readonly number[], { layout = 'own', options, output = 0, version }: EmitOptions = {}): void {
    const facts = this.facts(layout, output);
    this.hold(this.writer.operator(name, inputs, facts, options, version), layout, output);
  }

  /** Says which tensor holds an output, in the layout. */
  hold(tensor: number, layout: Layout, output = 0): void {
    const grid = this.#ownGrid(output);
    if (output > 0 || this.#integer === 'same' || !this.isInteger) {
      this.writer.hold(output > 0 ? (this.node.outputs[output] as Value) : this.ending.value, tensor, layout, grid);
      return;
    }
    const { value, grid: wanted, alike } = this.ending;
    if (grid && wanted && !sameGrid(grid, wanted)) {
      this.writer.hold(this.result, tensor, layout, grid);
      this.writer.quantized(value, this.result, wanted);
    } else this.writer.hold(value, tensor, layout, wanted);
    for (const other of alike) this.writer.share(other, value);
  }

  /** The code of the activation that the operator has built in. */
  get activation(): number {
    return ACTIVATIONS.indexOf(this.ending.activation);
  }

  /** @throws UnsupportedError: TensorFlow Lite's operator cannot do this. */
  refuse(reason: string): never {
    throw new UnsupportedError({
      what: `The node cannot be written for TensorFlow Lite: ${reason}`,
      where: this.node.label,
    });
  }

  /** Inputs that are data and no weights. */
  #activations(): number[] {
    return this.node.inputs.flatMap((value, index) => (value && isFloatValue(value) && !isConstant(value) ? [index] : []));
  }

  /** What it ends in where it can compute in integers: all its data has them, and its result is wanted in them. */
  #integerEnding(): Ending | undefined {
    const { weights = [], integerWhere = () => true } = this.#rule;
    const integer = this.#integer;
    if (!integerWhere(this.node)) return undefined;
    const activations = this.#activations();
    const grids = activations.map((index) => this.writer.gridOf(this.value(index)));
    if (!integer || activations.length === 0 || grids.some((grid) => grid === undefined || grid.dtype !== grids[0]?.dtype))
      return undefined;
    const others = this.node.inputs.flatMap((value, index) =>
      value && isFloatValue(value) && isConstant(value) && !weights.includes(index) ? [value] : [],
    );
    if (others.some((value) => exactScalar(value) === undefined)) return undefined;
    if (weights.some((index) => this.has(index) && !isConstant(this.node.inputs[index]) && !this.writer.gridOf(this.value(index))))
      return undefined;
    if (weights.length > 0 && isConstant(this.node.inputs[weights[0]]) && !storedConstant(this.node.inputs[weights[0]])) return undefined;
    if (integer === 'same') {
      const [first] = grids;
      return grids.every((grid) => grid && first && sameGrid(grid, first))
        ? { value: this.result, activation: 'NONE', alike: [] }
        : undefined;
    }
    return this.#behindQuantization(this.#rule.fuses ? this.#behindActivation() : { value: this.result, activation: 'NONE', alike: [] });
  }

  /** Takes in the activation that alone reads the result. */
  #behindActivation(): Ending {
    const value = this.result;
    const [user, ...more] = value.users;
    const activation = user && more.length === 0 && !this.writer.graph.outputs.includes(value) ? activationOf(user, value) : undefined;
    const next = user?.outputs[0];
    if (!activation || !next) return { value, activation: 'NONE', alike: [] };
    this.writer.done.add(user);
    return { value: next, activation, alike: [] };
  }

  #behindQuantization({ value, activation }: Ending): Ending | undefined {
    const users = value.users;
    const grids = users.map((user) => (user.op === 'QuantizeLinear' ? gridOf(user) : undefined));
    const [first] = grids;
    const isOne = first && grids.every((grid) => grid && sameGrid(grid, first)) && !this.writer.graph.outputs.includes(value);
    if (!isOne) return undefined;
    for (const user of users) this.writer.done.add(user);
    const [next, ...alike] = users.map((user) => user.outputs[0] as Value);
    return { value: next, activation, grid: first, alike };
  }
}

/** The activation of a node, where operators have it built in. */
function activationOf(node: Node, input: Value): Activation | undefined {
  if (node.inputs[0] !== input || node.domain !== '') return undefined;
  if (node.op === 'Relu') return 'RELU';
  return node.op === 'Clip' ? clipActivation(node) : undefined;
}
