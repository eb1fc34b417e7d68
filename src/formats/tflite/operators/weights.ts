import { Tensor, type Value } from '../../../onnx/index.js';
import { permuted } from '../layout.js';
import type { WriteContext } from '../writing/context.js';
import { halfConstant, inInt8, isConstant, numbersOf, type StoredConstant, storedConstant } from '../writing/values.js';

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
  const moved = (stored: StoredConstant): StoredConstant => {
    return { ...stored, integers: seen(stored.integers), axis: stored.scale.length === 1 ? 0 : order.indexOf(stored.axis) };
  };
  if (w.isInteger) return w.writer.storedConstant(value.name, moved(symmetric(w, value)));
  const half = halfConstant(value);
  if (half) return w.writer.half(value.name, seen(half));
  const stored = storedConstant(value);
  const small = stored && inInt8(stored);
  // Integers beside data in floats stay so in the file, where DEQUANTIZE takes their type.
  if (small) return w.writer.dequantized(value.name, moved(small));
  return w.writer.constant(value.name, seen(Tensor.of('float32', value.shape as number[], numbersOf(value) as Float32Array)));
}

/** Weights in integers whose zero points are 0, as kernels take them. */
function symmetric(w: WriteContext, value: Value): StoredConstant {
  const stored = storedWeight(w, value);
  const found = inInt8(stored);
  if (!found)
    return w.refuse(`its weight is in ${stored.integers.dtype}, and only integers of at most 8 bits can be written beside integers`);
  const odd = found.zeroPoint.find((zero) => zero !== 0);
  if (odd !== undefined)
    return w.refuse(`the zero point of its weight is ${odd}, and only symmetric weights (zero point 0) can be written`);
  return found;
}

function storedWeight(w: WriteContext, value: Value): StoredConstant {
  return storedConstant(value) ?? w.refuse('its weight is in floats beside data in integers');
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
  const { scale: weights } = storedWeight(w, w.value(weightIndex));
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
