import { Tensor, type Value } from '../../../onnx/index.js';
import { permuted } from '../layout.js';
import type { WriteContext } from '../writing/context.js';
import { halfConstant, isConstant, numbersOf, type StoredConstant, storedConstant } from '../writing/values.js';

/**
 * A weight with its axes in TensorFlow Lite's order. `arrange` is what is done to it before that, which leaves scales along its axis.
 */
export function writeWeight(
  w: WriteContext,
  index: number,
  order: readonly number[],
  arrange = (tensor: Tensor): Tensor => tensor,
): number {
  const value = w.value(index);
  if (!isConstant(value)) return w.refuse('its weight is computed when it runs');
  const seen = (tensor: Tensor) => permuted(arrange(tensor), order);
  if (!w.isInteger) {
    const half = halfConstant(value);
    if (half) {
      const moved = seen(half);
      const facts = w.between(`${value.name}_float`, moved.shape);
      return w.writer.operator('DEQUANTIZE', [w.writer.constant(value.name, moved)], facts, { name: 'DequantizeOptions', values: {} }, 3);
    }
    const stored = storedConstant(value);
    if (!stored || stored.integers.dtype === 'int32')
      return w.writer.constant(value.name, seen(Tensor.of('float32', value.shape as number[], numbersOf(value) as Float32Array)));
    return writeDequantized(w, value, stored, seen, order);
  }
  const { integers, scale, zeroPoint, axis } = symmetric(w, value);
  return w.writer.constant(value.name, seen(integers), {
    scale: [...scale],
    zeroPoint,
    axis: scale.length === 1 ? 0 : order.indexOf(axis),
  });
}

/** A weight in integers beside data in floats: it stays so in the file. */
function writeDequantized(
  w: WriteContext,
  value: Value,
  stored: StoredConstant,
  seen: (tensor: Tensor) => Tensor,
  order: readonly number[],
): number {
  const { integers, scale, zeroPoint, axis } = signed(stored);
  const moved = seen(integers);
  const tensor = w.writer.constant(value.name, moved, { scale: [...scale], zeroPoint, axis: scale.length === 1 ? 0 : order.indexOf(axis) });
  const facts = w.between(`${value.name}_float`, moved.shape);
  return w.writer.operator('DEQUANTIZE', [tensor], facts, { name: 'DequantizeOptions', values: {} }, scale.length > 1 ? 5 : 2);
}

/** Unsigned integers, and those of fewer bits, as int8 that stand for the same. */
function signed({ integers, scale, zeroPoint, axis }: StoredConstant): StoredConstant & { zeroPoint: number[] } {
  if (integers.dtype === 'int8') return { integers, scale, zeroPoint: [...zeroPoint], axis };
  const shift = integers.dtype === 'uint8' ? 128 : 0;
  const numbers = [...integers.numbers()].map((each) => each - shift);
  return { integers: Tensor.from('int8', integers.shape, numbers), scale, zeroPoint: zeroPoint.map((zero) => zero - shift), axis };
}

/** Weights in integers whose zero points are 0, as kernels take them. */
export function symmetric(w: WriteContext, value: Value): StoredConstant & { zeroPoint: number[] } {
  const stored = storedConstant(value);
  if (!stored) return w.refuse('its weight is in floats beside data in integers');
  const found = signed(stored);
  const odd = found.zeroPoint.find((zero) => zero !== 0);
  if (odd !== undefined)
    return w.refuse(`the zero point of its weight is ${odd}, and only symmetric weights (zero point 0) can be written`);
  return found;
}

/** A bias of so many channels: floats, or int32 on the grid of the products; zeros where there is none, for some kernels want one. */
export function writeBias(w: WriteContext, index: number, channels: number, weightIndex: number): number {
  const value = w.node.inputs[index];
  const name = value?.name ?? `${w.result.name}_bias`;
  const numbers = value ? numbersOf(value) : new Float32Array(channels);
  if (!numbers) return w.refuse('its bias is computed when it runs');
  const all = numbers.length === 1 && channels > 1 ? new Float32Array(channels).fill(numbers[0]) : numbers;
  if (all.length !== channels) return w.refuse(`its bias has ${all.length} numbers for ${channels} channels`);
  if (!w.isInteger) return w.writer.constant(name, Tensor.of('float32', [channels], Float32Array.from(all)));
  const data = w.grid(0).scale;
  const { scale: weights } = symmetric(w, w.value(weightIndex));
  const scale = Array.from(weights, (each) => Math.fround(each * data));
  const stored = storedConstant(value);
  const isOwn = stored?.integers.dtype === 'int32' && stored.integers.size === channels && sameScales(stored.scale, scale);
  const integers = isOwn
    ? [...(stored as StoredConstant).integers.numbers()]
    : Array.from(all, (each, i) => Math.round(each / (scale[scale.length === 1 ? 0 : i] || 1)));
  if (integers.some((each) => Math.abs(each) > 2 ** 31 - 1)) return w.refuse('its bias is too large for int32 on the grid of the products');
  return w.writer.constant(name, Tensor.from('int32', [channels], integers), { scale, zeroPoint: scale.map(() => 0), axis: 0 });
}

function sameScales(a: ArrayLike<number>, b: readonly number[]): boolean {
  return a.length === b.length && b.every((each, i) => Math.abs(each - a[i]) <= 1e-6 * each);
}
