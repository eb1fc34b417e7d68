import { type DataType, type Node, Tensor, type Value } from '../../../onnx/index.js';
import type { StorageType } from '../loops/index.js';
import type { Operand } from '../operands/index.js';

/** A constant that multiplies: numbers, and what those of each output channel are multiplied by afterwards. */
export interface Weights {
  readonly shape: readonly number[];
  /** Row-major; where they are integers, with the zero point taken off. */
  readonly values: Float64Array;
  /** How they are stored in the program. */
  readonly storage: StorageType;
  /** One for each index of the axis of outputs, where the numbers are integers. */
  readonly scales?: Float64Array;
  /** Weights that depend on the data: there are no values beforehand. */
  readonly operand?: Operand;
}

/** Integers with their zero points taken off: one for all, or one for each index of `axis`. */
export function integerWeights(tensor: Tensor, zero: Tensor | undefined, axis: number): Weights {
  const { shape } = tensor;
  const zeros = zero?.numbers() ?? [0];
  const inner = shape.slice(axis + 1).reduce((all, each) => all * each, 1);
  const values = tensor.numbers().map((each, at) => each - zeros[zeros.length === 1 ? 0 : Math.floor(at / inner) % shape[axis]]);
  return { shape, values, storage: narrowest(values, tensor.dtype) };
}

/** Integers that stand for real numbers: (value - zero) · scale. */
export interface QuantizedInput {
  readonly value: Value;
  readonly scale: number;
  readonly zero: number;
}

/** Constant weights, as they are stored: floats, or integers with a scale for each index of `axis`. Undefined where a value is not constant. */
export function weightsOf(value: Value, axis: number): Weights | undefined {
  if (value.constant) {
    const { shape } = value.constant;
    return { shape, values: value.constant.numbers(), storage: value.constant.dtype === 'float64' ? 'f64' : 'f32' };
  }
  const node = dequantizationOf(value);
  const [stored, scale, zero] = node?.inputs ?? [];
  const ints = stored?.constant;
  if (!node || !ints || !scale?.constant || (zero && !zero.constant)) return undefined;
  const scales = scale.constant.numbers();
  const zeros = zero?.constant?.numbers();
  const { shape } = ints;
  const along = (node.int('axis', 1) + shape.length) % Math.max(1, shape.length);
  const [outputs, size] = [shape[axis], ints.size];
  const inner = (of: number) => shape.slice(of + 1).reduce((all, each) => all * each, 1);
  const block = node.int('block_size', 0);
  const perTensor = scales.length === 1;
  /** Place of the scale of each element. */
  const scaleAt = (at: number) => {
    if (perTensor) return 0;
    const index = Math.floor(at / inner(along)) % shape[along];
    if (block === 0) return index;
    const blocks = Math.ceil(shape[along] / block);
    const before = Math.floor(at / (inner(along) * shape[along]));
    return (before * blocks + Math.floor(index / block)) * inner(along) + (at % inner(along));
  };
  const raw = ints.numbers();
  const shifted = zeros ? raw.map((each, at) => each - (zeros[zeros.length === 1 ? 0 : scaleAt(at)] ?? 0)) : raw;
  if (!perTensor && (along !== axis || block > 0)) {
    // Scales differ within a sum: the numbers themselves are stored.
    return { shape, values: shifted.map((each, at) => Math.fround(each * scales[scaleAt(at)])), storage: 'f32' };
  }
  const each = Float64Array.from({ length: outputs }, (_, channel) => scales[perTensor ? 0 : channel]);
  return { shape, values: shifted, storage: narrowest(shifted, ints.dtype), scales: each.length === 0 && size === 0 ? undefined : each };
}

/** A value that is read from integers with one scale for all. */
export function quantizedInput(value: Value): QuantizedInput | undefined {
  const node = dequantizationOf(value);
  const [stored, scale, zero] = node?.inputs ?? [];
  if (!stored || stored.constant || scale?.constant?.size !== 1 || (zero && zero.constant?.size !== 1)) return undefined;
  if (stored.dtype !== 'int8' && stored.dtype !== 'uint8') return undefined;
  return { value: stored, scale: scale.constant.numbers()[0], zero: zero?.constant?.numbers()[0] ?? 0 };
}

function dequantizationOf({ producer }: Value): Node | undefined {
  return producer?.op === 'DequantizeLinear' ? producer : undefined;
}

/** The fewest bits that hold all of them. Below 8 bits only where they came so: bytes are read faster. */
function narrowest(values: Float64Array, from: string): StorageType {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const fits = (bits: number) => low >= -(2 ** (bits - 1)) && high < 2 ** (bits - 1);
  if (/int2$/.test(from) && fits(2)) return 'i2';
  if (/int[24]$/.test(from) && fits(4)) return 'i4';
  return fits(8) ? 'i8' : fits(16) ? 'i16' : 'i32';
}

/** Numbers in an order, as a program stores them; 0 for a place below 0. */
export function packed({ values, storage }: Pick<Weights, 'values' | 'storage'>, order: ArrayLike<number>): ArrayLike<number> {
  const sorted = Float64Array.from(order, (at) => (at < 0 ? 0 : values[at]));
  return storage === 'f64' ? sorted : (Tensor.from(dtypes[storage] ?? 'float32', [sorted.length], sorted).data() as ArrayLike<number>);
}

const dtypes: Partial<Record<StorageType, DataType>> = { f32: 'float32', i32: 'int32', i16: 'int16', i8: 'int8', i4: 'int4', i2: 'int2' };
