import { UnsupportedError } from '../../../base/index.js';
import { bindDim, type Dim, isFloat, type Node, Tensor, type Value } from '../../../onnx/index.js';
import { storedWeight } from '../../../ops/index.js';

/** Integers for numbers, one scale and zero point for all: value = scale · (integer − zero point). */
export interface TensorGrid {
  readonly dtype: 'int8' | 'int16';
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A constant in integers, with a scale for all or for each place along an axis. */
export interface StoredConstant {
  readonly integers: Tensor;
  readonly scale: Float32Array;
  readonly zeroPoint: readonly number[];
  readonly axis: number;
}

export function sameGrid(a: TensorGrid, b: TensorGrid): boolean {
  return a.dtype === b.dtype && a.zeroPoint === b.zeroPoint && Math.abs(a.scale - b.scale) <= 1e-7 * Math.abs(a.scale);
}

/** The grid that a QuantizeLinear or DequantizeLinear node names; undefined where it has a scale for each channel, or types that TensorFlow Lite has not. */
export function gridOf(node: Node): TensorGrid | undefined {
  const [, scale, zeroPoint] = node.inputs;
  const factor = scale?.constant;
  if (factor?.size !== 1 || (zeroPoint && !zeroPoint.constant)) return undefined;
  const dtype = zeroPoint?.dtype ?? (node.op === 'DequantizeLinear' ? node.inputs[0]?.dtype : 'uint8');
  const zero = zeroPoint?.constant?.numbers()[0] ?? 0;
  if (dtype === 'int8' || (dtype === 'int16' && zero === 0)) return { dtype, scale: factor.numbers()[0], zeroPoint: zero };
  return dtype === 'uint8' ? { dtype: 'int8', scale: factor.numbers()[0], zeroPoint: zero - 128 } : undefined;
}

/**
 * The constant in integers that a value is the dequantized form of: by DequantizeLinear, or by the Cast and Mul that quantizers write where weights alone are integers.
 * @throws UnsupportedError where it is in blocks.
 */
export function storedConstant(value: Value | undefined): StoredConstant | undefined {
  const node = value?.producer;
  if (node?.op === 'Mul') return castConstant(node);
  if (node?.op !== 'DequantizeLinear') return undefined;
  const [integers, scale, zeroPoint] = node.inputs.map((input) => input?.constant);
  if (!integers || !scale) return undefined;
  if (node.int('block_size', 0) > 0) throw blocked(node);
  const rank = integers.shape.length;
  const axis = node.int('axis', 1);
  return {
    integers,
    scale: scale.toFloat32(),
    zeroPoint: [...(zeroPoint?.numbers() ?? zeros(scale.size))],
    axis: scale.size === 1 ? 0 : axis < 0 ? axis + rank : axis,
  };
}

function castConstant(node: Node): StoredConstant | undefined {
  const stored = storedWeight(node);
  if (!stored) return undefined;
  const { integers, scale, zeroPoint } = stored;
  const axes = scale.shape.flatMap((size, axis) => (size > 1 ? [axis] : []));
  if (axes.length > 1 || (zeroPoint && zeroPoint.size !== 1 && zeroPoint.size !== scale.size)) throw blocked(node);
  const [axis = 0] = axes;
  const given = zeroPoint ? [...zeroPoint.numbers()] : zeros(scale.size);
  return {
    integers,
    scale: scale.toFloat32(),
    zeroPoint: given.length === scale.size ? given : zeros(scale.size).map(() => given[0]),
    axis,
  };
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function blocked({ label }: Node): UnsupportedError {
  return new UnsupportedError({
    what: 'TensorFlow Lite has no scales for blocks of a weight',
    where: label,
    fix: 'Quantize with a scale for each channel (int8) instead.',
  });
}

/** The same constant in int8, where that holds its integers: unsigned ones of 8 bits are 128 less there. */
export function inInt8(stored: StoredConstant): StoredConstant | undefined {
  const { integers, zeroPoint } = stored;
  const { dtype, shape } = integers;
  if (dtype === 'int8') return stored;
  if (!/^u?int[248]$/.test(dtype)) return undefined;
  const shift = dtype === 'uint8' ? 128 : 0;
  const less = (number: number) => number - shift;
  return { ...stored, integers: Tensor.from('int8', shape, integers.numbers().map(less)), zeroPoint: zeroPoint.map(less) };
}

/** The constant in half precision that a value is cast from. */
export function halfConstant(value: Value | undefined): Tensor | undefined {
  const node = value?.producer;
  const source = node?.op === 'Cast' && value?.dtype === 'float32' ? node.inputs[0]?.constant : undefined;
  return source?.dtype === 'float16' ? source : undefined;
}

/** A constant, or what a constant in integers or in half precision stands for. */
export function isConstant(value: Value | undefined): boolean {
  const { op, inputs = [] } = value?.producer ?? {};
  if (value?.constant || halfConstant(value)) return true;
  return op === 'DequantizeLinear' ? inputs[0]?.constant !== undefined : op === 'Mul' && storedConstant(value) !== undefined;
}

/** Numbers of a constant, dequantized where it is in integers. */
export function numbersOf(value: Value): Float32Array | undefined {
  const plain = value.constant ?? halfConstant(value);
  if (plain) return plain.toFloat32();
  const stored = storedConstant(value);
  if (!stored) return undefined;
  const { integers, scale, zeroPoint, axis } = stored;
  const inner = integers.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channels = scale.length;
  return Float32Array.from(integers.numbers(), (integer, i) => {
    const channel = channels === 1 ? 0 : Math.floor(i / inner) % channels;
    return (integer - zeroPoint[channel]) * scale[channel];
  });
}

export function isFloatValue(value: Value): boolean {
  return value.dtype !== undefined && isFloat(value.dtype);
}

/** Operators that hand numbers on as they are: their integers are on one grid. */
const MOVES = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Slice']);

/** The grid on which the integers of a value lie, by what makes or reads them. */
export function gridOfIntegers(value: Value, seen = new Set<Value>()): TensorGrid | undefined {
  if (seen.has(value)) return undefined;
  seen.add(value);
  const { producer } = value;
  if (producer?.op === 'QuantizeLinear') return gridOf(producer);
  const [source] = producer?.inputs ?? [];
  const before = producer && MOVES.has(producer.op) && source && gridOfIntegers(source, seen);
  if (before) return before;
  for (const user of value.users) {
    if (user.op === 'DequantizeLinear' && user.inputs[0] === value) return gridOf(user);
    const [made] = user.outputs;
    const after = MOVES.has(user.op) && user.inputs[0] === value && made && gridOfIntegers(made, seen);
    if (after) return after;
  }
  return undefined;
}

/** Sizes of a value with one sample where the number of them is open (-1 in the signature). @throws UnsupportedError where another size is open. */
export function sizesOf(value: Value, batch: readonly string[]): { shape: number[]; signature: number[] } {
  const dims = value.shape;
  if (!dims)
    throw new UnsupportedError({ what: 'TensorFlow Lite needs to know how many dimensions a value has', where: `"${value.name}"` });
  const signature = dims.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { shape: dims.map((dim) => sizeFor(dim, value, batch)), signature };
}

function sizeFor(dim: Dim, { name }: Value, batch: readonly string[]): number {
  const bound = typeof dim === 'number' ? dim : bindAll(dim, batch);
  if (bound !== undefined) return bound;
  throw new UnsupportedError({
    what: `The size ${dim} of "${name}" is open, and TensorFlow Lite needs to know all sizes but the number of samples`,
    fix: 'Fix it with espalier convert MODEL --shape NAME=1x3x224x224 -o OUT.tflite.',
  });
}

function bindAll(dim: Exclude<Dim, number>, batch: readonly string[]): number | undefined {
  const bound = bindDim(dim, Object.fromEntries(batch.map((each) => [each, 1])));
  return typeof bound === 'number' ? bound : undefined;
}
