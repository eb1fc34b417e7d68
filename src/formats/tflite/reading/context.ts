import { type ErrorFacts, FormatError, UnsupportedError } from '../../../base/index.js';
import { type AttributeLike, type GraphBuilder, type Operand, Tensor, type Value } from '../../../onnx/index.js';
import { channelsSecond, type Layout } from '../layout.js';
import { ACTIVATIONS } from '../types.js';
import type { FlatReader } from '../wire/decode.js';
import type { OptionsName, OptionsOf } from '../wire/schema.js';
import { options as optionTables } from '../wire/schema.js';
import type { OperatorInfo, TensorInfo } from './document.js';
import { isGridded, type ReadValues } from './values.js';

/** What reads one operator is given: its tensors as values of the graph, its options, and what writes nodes. */
export class ReadContext {
  readonly values: ReadValues;
  readonly #operator: OperatorInfo;
  readonly #reader: FlatReader;

  constructor(operator: OperatorInfo, values: ReadValues, reader: FlatReader) {
    this.#operator = operator;
    this.values = values;
    this.#reader = reader;
  }

  get build(): GraphBuilder {
    return this.values.build;
  }

  get inputs(): readonly (TensorInfo | undefined)[] {
    return this.#operator.inputs;
  }

  get outputs(): readonly TensorInfo[] {
    return this.#operator.outputs;
  }

  /** The operator's options; those of another operator are refused. */
  options<N extends OptionsName>(name: N): OptionsOf<N> {
    const { optionsType, options } = this.#operator.table;
    if (optionsType !== 0 && optionsType !== optionTables[name].code)
      this.fail('The options are those of another operator', `union member ${optionTables[name].code} (${name})`, `${optionsType}`);
    return this.#reader.options(name, optionsType === 0 ? undefined : options);
  }

  /** A tensor that must be there. */
  info(index: number): TensorInfo {
    const info = this.inputs[index];
    if (!info) this.fail(`Input ${index} is missing`);
    return info;
  }

  /** An output that must be there. */
  result(index = 0): TensorInfo {
    const info = this.outputs[index];
    if (!info) this.fail(`Output ${index} is missing`);
    return info;
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  rank(index: number): number {
    const { shape, name } = this.info(index);
    if (!shape) this.fail(`The rank of "${name}" is not known`);
    return shape.length;
  }

  /** What an input's numbers stand for. */
  real(index: number, layout: Layout = 'own'): Value {
    return this.values.real(this.info(index), layout);
  }

  /** An input as it is stored: integers as integers. */
  stored(index: number, layout: Layout = 'own'): Value {
    return this.values.stored(this.info(index), layout);
  }

  /** Contents of a constant input, undefined where it is computed. */
  constant(index: number): Tensor | undefined {
    const info = this.info(index);
    return this.values.constantOf(info) === info ? info.contents : undefined;
  }

  /** Integers of an input that must be constant: sizes, axes, pads. */
  integers(index: number, what: string): number[] {
    const found = this.constant(index);
    if (!found) this.refuse(`${what} are computed when it runs; only constant ones are read`);
    this.#requireWhole(index);
    return [...found.numbers()];
  }

  /** An input of sizes or indices as ONNX wants them: int64. */
  int64(index: number): Value {
    this.#requireWhole(index);
    const constant = this.constant(index);
    if (constant) return this.build.constant(Tensor.from('int64', constant.shape, constant.numbers()));
    return this.info(index).dtype === 'int64' ? this.stored(index) : this.build.op('Cast', [this.stored(index)], { to: 7 });
  }

  #requireWhole(index: number): void {
    const { dtype } = this.info(index);
    if (!/^u?int/.test(dtype)) this.fail(`Input ${index} holds no integers`, 'int32 or int64', dtype);
  }

  /** The layout in which inputs can be combined without moving axes, where that is how they are already. */
  layoutOf(...indices: readonly number[]): Layout {
    return indices.some((index) => this.rank(index) >= 3 && this.values.prefersOther(this.info(index))) ? 'other' : 'own';
  }

  /** Where an axis of an input lies in a layout. */
  axisIn(layout: Layout, axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    if (positive < 0 || positive >= Math.max(rank, 1)) this.fail('There is no such axis', `${-rank} to ${rank - 1}`, `${axis}`);
    return layout === 'own' || rank < 3 ? positive : channelsSecond(rank).indexOf(positive);
  }

  /** Numbers by axis, in the order of a layout. */
  byAxis<T>(layout: Layout, own: readonly T[]): T[] {
    return layout === 'own' || own.length < 3 ? [...own] : channelsSecond(own.length).map((axis) => own[axis]);
  }

  op(type: string, inputs: readonly Operand[], attributes: Readonly<Record<string, AttributeLike>> = {}): Value {
    return this.build.node(type, inputs, attributes, { name: this.name })[0];
  }

  /** What the operator makes: numbers, which become integers where the tensor has a grid. */
  output(value: Value, layout: Layout = 'own', { index = 0, activation = 0 }: { index?: number; activation?: number } = {}): void {
    const info = this.result(index);
    this.values.quantize(info, cutsOff(info, activation) ? value : this.activated(value, activation), layout);
  }

  /** What the operator makes, as it is stored: indices and sizes. */
  outputStored(value: Value, layout: Layout = 'own', index = 0): void {
    this.values.store(this.result(index), value, layout);
  }

  /** A value after a built-in activation. */
  activated(value: Value, code: number): Value {
    switch (ACTIVATIONS[code]) {
      case 'NONE':
        return value;
      case 'RELU':
        return this.build.op('Relu', [value]);
      case 'RELU6':
        return this.build.op('Clip', [value, this.build.scalar(0), this.build.scalar(6)]);
      case 'RELU_N1_TO_1':
        return this.build.op('Clip', [value, this.build.scalar(-1), this.build.scalar(1)]);
      case 'TANH':
        return this.build.op('Tanh', [value]);
      default:
        return this.refuse(`the built-in activation ${ACTIVATIONS[code] ?? code} is not read`);
    }
  }

  /** A short name for nodes: files join the names of all layers that an operator was made of. */
  get name(): string {
    return (this.outputs[0]?.name ?? '').split(';')[0] || (this.#operator.name ?? '').toLowerCase();
  }

  fail(what: string, expected?: string, got?: string): never {
    throw new FormatError({ what, where: this.#operator.where, expected, got } satisfies ErrorFacts);
  }

  /** @throws UnsupportedError: the operator is there, but not in this form. */
  refuse(reason: string): never {
    throw new UnsupportedError({ what: `The operator is not read in this form: ${reason}`, where: this.#operator.where });
  }
}

/**
 * Whether integers cannot hold what an activation cuts off: a grid that begins at 0 stands for RELU, as in quantized graphs of ONNX, where runtimes fuse a layer with
 * its QuantizeLinear only if nothing is between them.
 */
function cutsOff(info: TensorInfo, code: number): boolean {
  const activation = ACTIVATIONS[code];
  if (!isGridded(info) || (activation !== 'RELU' && activation !== 'RELU6')) return false;
  const [low, high] = info.dtype === 'int8' ? [-128, 127] : info.dtype === 'uint8' ? [0, 255] : [undefined, 0];
  const [scale, zero] = [info.grid.scale[0], info.grid.zeroPoint[0]];
  return zero === low && (activation === 'RELU' || (high - zero) * scale <= 6 + scale / 2);
}
