import { FormatError, UnsupportedError } from '../../../base/index.js';
import { type DataType, type Graph, type Node, Tensor, type Value } from '../../../onnx/index.js';
import { channelsLast, channelsSecond, keepsOrder, type Layout, permuted, range } from '../layout.js';
import { codeOfType } from '../types.js';
import { type Builtin, codeOfBuiltin } from '../wire/builtins.js';
import { FileParts, type Options } from './tables.js';
import { halfConstant, inInt8, isConstant, type StoredConstant, sameGrid, sizesOf, storedConstant, type TensorGrid } from './values.js';

type Form = Partial<Record<Layout, number>>;

/** Which tensors hold a value: what it is, and the integers that stand for it. */
interface Written {
  real: Form;
  stored: Form;
  grid?: TensorGrid;
  /** How many channels lie last, in a row that the graph has with channels first. */
  flat?: number;
}

/** How a tensor is to be made. */
export interface TensorFacts {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly signature?: readonly number[];
  /** What its integers stand for. */
  readonly grid?: Pick<TensorGrid, 'scale' | 'zeroPoint'>;
}

/**
 * The tensors of a file, by the values of the graph that it is written from. Each may be there with its channels second, as in the graph ("own"), and last, as
 * TensorFlow Lite's operators want them ("other"); and as numbers and as integers. Forms are made when they are asked for, each once.
 */
export class Writer {
  readonly parts = new FileParts();
  /** Nodes that are written already, with others. */
  readonly done = new Set<Node>();
  readonly #values = new Map<Value, Written>();
  readonly #batch: readonly string[];

  constructor(readonly graph: Graph) {
    const names = graph.feeds.flatMap(({ shape }) => (shape?.[0] !== undefined && typeof shape[0] !== 'number' ? [shape[0].text] : []));
    this.#batch = [...new Set(names)];
  }

  /** Sizes of a value in a layout, with one sample where the number of them is open (-1 in the signature). */
  sizes(value: Value, layout: Layout = 'own'): { shape: number[]; signature: number[] } {
    const { shape, signature } = sizesOf(value, this.#batch);
    return { shape: this.arranged(shape, layout), signature: this.arranged(signature, layout) };
  }

  /** Adds an operator that makes one tensor. */
  operator(name: Builtin, inputs: readonly number[], facts: TensorFacts, options?: Options, version?: number): number {
    const output = this.tensor(facts);
    this.operatorInto(name, inputs, [output], options, version);
    return output;
  }

  operatorInto(name: Builtin, inputs: readonly number[], outputs: readonly number[], options?: Options, version?: number): void {
    const isInteger = outputs.some((each) => this.parts.tensors[each].quantization !== undefined);
    this.parts.operator({ code: codeOfBuiltin(name), version: version ?? (isInteger ? 2 : 1), inputs, outputs, options });
  }

  /** Adds a tensor that an operator, or the caller, fills. */
  tensor({ name, dtype, shape, signature, grid }: TensorFacts): number {
    return this.parts.tensor({
      name,
      type: this.#code(dtype, name),
      shape,
      signature: signature ?? shape,
      ...(grid && { quantization: { scale: [grid.scale], zeroPoint: [grid.zeroPoint], axis: 0 } }),
    });
  }

  /** Adds a constant. */
  constant(name: string, tensor: Tensor, quantization?: { scale: readonly number[]; zeroPoint: readonly number[]; axis: number }): number {
    return this.parts.tensor({
      name,
      type: this.#code(tensor.dtype, name),
      shape: tensor.shape,
      signature: tensor.shape,
      contents: tensor.bytes(),
      quantization,
    });
  }

  /** Adds a constant vector of sizes or axes. */
  integers(name: string, values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.constant(name, Tensor.from('int32', shape, values));
  }

  #code(dtype: DataType, name: string): number {
    const code = codeOfType(dtype);
    if (code !== undefined) return code;
    throw new UnsupportedError({ what: `TensorFlow Lite has no element type ${dtype}`, where: `"${name}"` });
  }

  /** Says which tensor holds a value. */
  hold(value: Value, tensor: number, layout: Layout, grid?: TensorGrid): void {
    const known: Written = { real: {}, stored: {}, grid };
    known[grid ? 'stored' : 'real'][layout] = tensor;
    this.#values.set(value, known);
  }

  /** Says that a value is another one, seen as integers or as what these stand for. */
  share(value: Value, source: Value): void {
    this.#values.set(value, this.of(source));
  }

  /** What holds a value; a constant is written when it is asked for. */
  of(value: Value): Written {
    const known = this.#values.get(value);
    if (known) return known;
    if (!isConstant(value)) throw new FormatError({ what: 'A value is read before it is written', where: `"${value.name}"` });
    const made: Written = { real: {}, stored: {} };
    this.#values.set(value, made);
    return made;
  }

  /** The grid on which a value's integers lie, where it has some. */
  gridOf(value: Value): TensorGrid | undefined {
    return this.#values.get(value)?.grid;
  }

  /** Says that a row has its channels last, not first as in the graph. */
  markFlat(value: Value, channels: number): void {
    this.of(value).flat = channels;
  }

  /** How many channels lie last in such a row. */
  flatOf(value: Value): number | undefined {
    return this.#values.get(value)?.flat;
  }

  isHeld(value: Value): boolean {
    return this.#values.has(value);
  }

  /** Whether a value is there with its channels last only. */
  prefersOther(value: Value): boolean {
    const { real = {}, stored = {} } = this.#values.get(value) ?? {};
    const has = (layout: Layout) => (real[layout] ?? stored[layout]) !== undefined;
    return has('other') && !has('own');
  }

  /** The tensor of what a value is. */
  real(value: Value, layout: Layout = 'own'): number {
    const known = this.of(value);
    const { real, stored } = known;
    if (real[layout] !== undefined) return real[layout];
    const rank = value.shape?.length ?? 0;
    if (rank < 3 && layout === 'other') return this.real(value, 'own');
    const has = (form: Form) => Object.keys(form).length > 0;
    if (has(real)) real[layout] = this.#moved(value, layout, real, undefined);
    else if (!has(stored)) real[layout] = this.#constant(value, layout);
    else {
      const facts = { name: value.name, dtype: 'float32' as const, ...this.sizes(value, layout) };
      real[layout] = this.operator('DEQUANTIZE', [this.stored(value, layout)], facts, { name: 'DequantizeOptions', values: {} });
    }
    return real[layout] as number;
  }

  /** The tensor of the integers that stand for a value on its grid. */
  stored(value: Value, layout: Layout = 'own'): number {
    const { stored, grid } = this.of(value);
    if ((value.shape?.length ?? 0) < 3 && layout === 'other') return this.stored(value, 'own');
    stored[layout] ??= this.#moved(value, layout, stored, grid);
    return stored[layout] as number;
  }

  /** Numbers by axis of the graph, in the order of a layout. */
  arranged<T>(own: readonly T[], layout: Layout): T[] {
    return layout === 'own' || own.length < 3 ? [...own] : channelsLast(own.length).map((axis) => own[axis]);
  }

  #moved(value: Value, layout: Layout, forms: Form, grid: TensorGrid | undefined): number {
    const other: Layout = layout === 'own' ? 'other' : 'own';
    const source = forms[other];
    if (source === undefined) throw new FormatError({ what: 'A value is read before it is written', where: `"${value.name}"` });
    const { shape: before } = this.sizes(value, other);
    const order = layout === 'own' ? channelsSecond(before.length) : channelsLast(before.length);
    const facts: TensorFacts = {
      name: value.name,
      dtype: grid?.dtype ?? value.dtype ?? 'float32',
      ...this.sizes(value, layout),
      grid,
    };
    if (keepsOrder(before, order)) return this.reshaped(source, facts);
    return this.operator('TRANSPOSE', [source, this.integers('order', order)], facts, { name: 'TransposeOptions', values: {} });
  }

  /** The numbers of a tensor, in their order, in another shape. One size may be open. */
  reshaped(source: number, facts: TensorFacts): number {
    const { shape, signature = shape } = facts;
    const target = signature.filter((size) => size === -1).length <= 1 ? signature : shape;
    return this.operator(
      'RESHAPE',
      [source, this.integers('shape', target)],
      facts,
      { name: 'ReshapeOptions', values: { shape: [...target] } },
      1,
    );
  }

  #constant(value: Value, layout: Layout): number {
    const arranged = (tensor: Tensor) =>
      layout === 'own' || tensor.shape.length < 3 ? tensor : permuted(tensor, channelsLast(tensor.shape.length));
    if (value.constant) return this.constant(value.name, arranged(value.constant));
    const half = halfConstant(value);
    if (half) return this.half(value.name, arranged(half));
    const found = storedConstant(value);
    if (!found) throw new FormatError({ what: 'A constant is not known', where: `"${value.name}"` });
    const small = inInt8(found);
    if (!small)
      throw new UnsupportedError({
        what: `Integers of type ${found.integers.dtype} cannot be dequantized by TensorFlow Lite`,
        where: `"${value.name}"`,
      });
    const axis = this.arranged(range(found.integers.shape.length), layout).indexOf(found.axis);
    return this.dequantized(value.name, { ...small, integers: arranged(small.integers), axis });
  }

  /** Adds a constant in half precision, and what makes floats of it. */
  half(name: string, half: Tensor): number {
    return this.#floats(name, this.constant(name, half), half.shape, 3);
  }

  /** Adds a constant in int8, and what makes floats of it. */
  dequantized(name: string, stored: StoredConstant): number {
    return this.#floats(name, this.storedConstant(name, stored), stored.integers.shape, stored.scale.length > 1 ? 5 : 2);
  }

  /** Adds a constant in integers, with its scales. */
  storedConstant(name: string, { integers, scale, zeroPoint, axis }: StoredConstant): number {
    return this.constant(name, integers, { scale: [...scale], zeroPoint, axis });
  }

  #floats(name: string, source: number, shape: readonly number[], version: number): number {
    const facts = { name: `${name}_float`, dtype: 'float32' as const, shape };
    return this.operator('DEQUANTIZE', [source], facts, { name: 'DequantizeOptions', values: {} }, version);
  }

  /** Writes what QuantizeLinear does: nothing where a value's integers are on that grid, else QUANTIZE. */
  quantized(made: Value, source: Value, grid: TensorGrid): void {
    const before = this.gridOf(source);
    if (before && sameGrid(before, grid)) {
      this.share(made, source);
      return;
    }
    const layout: Layout = this.prefersOther(source) ? 'other' : 'own';
    const facts = { name: made.name, dtype: grid.dtype, ...this.sizes(made, layout), grid };
    const from = before ? this.stored(source, layout) : this.real(source, layout);
    const options: Options = { name: 'QuantizeOptions', values: {} };
    this.hold(made, this.operator('QUANTIZE', [from], facts, options, before ? 2 : 1), layout, grid);
    this.of(made).flat = this.flatOf(source);
  }
}
