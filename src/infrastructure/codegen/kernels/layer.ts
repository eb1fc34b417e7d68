import type { Node, Value } from '../../../onnx/index.js';
import { traitsOf } from '../../../ops/index.js';
import { add, type Buffer, cast, type Expr, float, limitsOf, load, mul, number, requantize, type ScalarType, sub } from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import { fixedPoint, requantizedByFloats, saturated } from './quantization.js';
import type { NestContext, Sink } from './rule.js';
import { integerWeights, type QuantizedInput, quantizedInput, type Weights, weightsOf } from './weights.js';

/** A layer that sums products of its input with constant weights, whatever types they have. */
export interface Layer {
  readonly x: Operand & { readonly stored: NonNullable<Operand['stored']> };
  readonly weights: Weights;
  /** The type in which products are summed. */
  readonly type: ScalarType;
  readonly sink: Sink;
  /** What a sum begins with, for an output channel. */
  initial(channel: Expr): Expr;
  /** x as it is multiplied. */
  factor(x: Expr): Expr;
  /** A weight as it is multiplied. */
  weight(stored: Expr): Expr;
  /** Whether products of two neighbouring inputs are summed at once: integers that fit into 16 bits. */
  readonly pairs: boolean;
  /** What is given to the sink for a whole sum. */
  finish(sum: Expr, channel: Expr): Expr;
}

export interface LayerInputs {
  /** Inputs of the node. */
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value;
  /** Axis of the weight that holds output channels. */
  readonly axis: number;
  /** What products and biases are multiplied by. Default 1 and 1. */
  readonly factors?: readonly [number, number];
  /** How the output lies in memory. */
  readonly order?: readonly number[];
  /** Groups of output channels of which the weights' axis counts those of one. Default 1. */
  readonly groups?: number;
  /** Whether weights may depend on the data: they are packed as the program runs. */
  readonly data?: boolean;
  /** Zero points of an operator on integers: its result is the sums themselves. */
  readonly zeros?: { readonly x?: Value; readonly weight?: Value };
  /** How the input is seen. Default: as it is stored. */
  readonly view?: (x: Value) => Layer['x'];
}

/**
 * Resolves how a layer is computed: in floats; in integers, where its input and weights are, handing on integers at once where that is what follows; or
 * with floats times integer weights. Undefined where the weight is not constant and need be.
 */
export function layerOf(context: NestContext, inputs: LayerInputs): Layer | undefined {
  if (inputs.zeros) return wholeLayer(context, inputs, inputs.zeros);
  const weights = grouped(
    weightsOf(inputs.weight, inputs.axis) ?? (inputs.data ? dataWeights(context, inputs.weight) : undefined),
    inputs.groups,
  );
  if (!weights) return undefined;
  const bias = inputs.bias && biasOf(inputs.bias);
  const quantized = weights.scales && (bias || !inputs.bias) ? quantizedInput(inputs.x) : undefined;
  if (quantized && weights.scales) return integerLayer(context, inputs, weights, quantized, bias);
  const { scales } = weights;
  const [product, shift] = inputs.factors ?? [1, 1];
  const type: ScalarType = weights.storage === 'f64' ? 'f64' : 'f32';
  const x = (inputs.view ?? context.storedValue)(inputs.x);
  const sink = context.output(0, { order: inputs.order });
  const biases = bias
    ? vector(context, 'bias', type, scaled(bias.values, shift))
    : inputs.bias && dataBias(context, inputs.bias, type, shift);
  const factors = scales ? vector(context, 'scale', 'f32', scaled(scales, product)) : product === 1 ? undefined : () => float(product);
  const none = number(0, type);
  return {
    x,
    weights,
    type,
    sink,
    initial: (channel) => (factors ? none : (biases?.(channel) ?? none)),
    pairs: false,
    factor: (each) => cast(type, each),
    weight: (stored) => cast(type, stored),
    finish: (sum, channel) => {
      if (!factors) return sum;
      const product = mul(sum, factors(channel));
      return biases ? add(product, biases(channel)) : product;
    },
  };
}

/** Scales of each channel of all groups. */
function grouped(weights: Weights | undefined, groups = 1): Weights | undefined {
  if (!weights?.scales || groups === 1) return weights;
  const { scales } = weights;
  return { ...weights, scales: Float64Array.from({ length: scales.length * groups }, (_, at) => scales[at % scales.length]) };
}

function dataWeights(context: NestContext, value: Value): Weights {
  const operand = context.storedValue(value);
  return { shape: operand.shape, values: new Float64Array(0), storage: operand.type, operand };
}

/** A bias that depends on the data. */
function dataBias(context: NestContext, value: Value, type: ScalarType, shift: number): (channel: Expr) => Expr {
  const operand = context.storedValue(value);
  return (channel) => {
    const each = cast(type, operand.flat(channel));
    return shift === 1 ? each : mul(each, number(shift, type));
  };
}

/** Sums of products of integers, zero points taken off. */
function wholeLayer(context: NestContext, inputs: LayerInputs, zeros: NonNullable<LayerInputs['zeros']>): Layer | undefined {
  const [tensor, zero] = [inputs.weight.constant, zeros.weight?.constant];
  if (!tensor || (zeros.weight && !zero)) return undefined;
  const weights = integerWeights(tensor, zero, inputs.axis);
  const off = zeros.x ? context.operand(zeros.x) : undefined;
  const sink = context.output(0, { order: inputs.order });
  return {
    x: (inputs.view ?? context.storedValue)(inputs.x),
    weights,
    type: 'i32',
    sink,
    pairs: weights.storage === 'i8' || weights.storage === 'i16',
    initial: () => number(0),
    factor: (each) => (off ? sub(each, off.flat(number(0))) : each),
    weight: (stored) => stored,
    finish: (sum) => sum,
  };
}

interface Bias {
  readonly values: Float64Array;
  /** The integers that they are stored as. */
  readonly integers?: Float64Array;
}

function biasOf(value: Value): Bias | undefined {
  if (value.constant) return { values: value.constant.numbers() };
  const weights = weightsOf(value, 0);
  if (!weights?.scales) return weights && { values: weights.values };
  const { scales } = weights;
  return { values: weights.values.map((each, at) => each * scales[at]), integers: weights.values };
}

/** Products of integers, summed in 32 bits; the zero point of the input is taken off as it is read. */
function integerLayer(context: NestContext, inputs: LayerInputs, weights: Weights, x: QuantizedInput, bias: Bias | undefined): Layer {
  const [product, shift] = inputs.factors ?? [1, 1];
  const scales = scaled(weights.scales as Float64Array, product * x.scale);
  const realBias = bias && scaled(bias.values, shift);
  const room = realBias && roomOf(weights, inputs.axis);
  const wholeBias = realBias?.map((each, channel) => withRoom(Math.round(each / scales[channel]), room?.[channel % room.length] ?? 0));
  const next = requantization(context.absorbed);
  const ratios = next && scales.map((each) => each / next.scale);
  const finish = next && ratios && wholeBias?.every(isInt32) !== false ? requantizer(context, ratios, next) : undefined;
  const sink = context.output(0, { order: inputs.order, from: finish ? next?.node : undefined });
  const stored = (inputs.view ?? context.storedValue)(x.value);
  const exact = wholeBias && (finish || bias?.integers) ? vector(context, 'bias', 'i32', wholeBias) : undefined;
  const layer = {
    x: stored,
    weights,
    type: 'i32' as const,
    sink,
    initial: (channel: Expr) => exact?.(channel) ?? number(0),
    pairs: weights.storage === 'i8' || weights.storage === 'i16',
    factor: (each: Expr) => sub(each, number(x.zero)),
    weight: (each: Expr) => each,
  };
  if (finish) return { ...layer, finish };
  const factors = vector(context, 'scale', 'f32', scales);
  const rest = realBias && !exact ? vector(context, 'bias', 'f32', realBias) : undefined;
  return {
    ...layer,
    finish: (sum, channel) => {
      const real = mul(cast('f32', sum), factors(channel));
      return rest ? add(real, rest(channel)) : real;
    },
  };
}

/** Turns sums into what is stored. Undefined where a factor is too large for it. */
function requantizer(context: NestContext, ratios: Float64Array, { zero, low, high }: Requantization): Layer['finish'] | undefined {
  if (context.schedule.requantization === 'floats') {
    const factors = vector(context, 'scale', 'f32', ratios);
    return (sum, channel) => requantizedByFloats(sum, factors(channel), zero, low, high);
  }
  const fixed = fixedPoint(ratios);
  if (!fixed) return undefined;
  const multipliers = vector(context, 'multiplier', 'i32', fixed.multipliers);
  return (sum, channel) => saturated(requantize(sum, multipliers(channel), fixed.shift), zero, low, high);
}

/** The most that products add up to for each output channel: an input and its zero point are at most 255 apart. */
function roomOf({ shape, values }: Weights, axis: number): Float64Array {
  const inner = shape.slice(axis + 1).reduce((all, size) => all * size, 1);
  const room = new Float64Array(shape[axis]);
  values.forEach((value, at) => {
    room[Math.floor(at / inner) % shape[axis]] += Math.abs(value) * 255;
  });
  return room;
}

/** A bias near the end of 32 bits (of a channel whose weights are next to nothing), so far inside that no sum goes beyond. Larger ones stay: they do not fit. */
function withRoom(bias: number, room: number): number {
  return isInt32(bias) ? Math.max(-(2 ** 31) + room, Math.min(2 ** 31 - 1 - room, bias)) : bias;
}

const isInt32 = (value: number) => Math.abs(value) < 2 ** 31;

interface Requantization {
  readonly node: Node;
  readonly scale: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

/** A QuantizeLinear with one scale that follows at once, or behind what only cuts values off. */
function requantization(absorbed: readonly Node[]): Requantization | undefined {
  let [lowest, highest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const node of absorbed) {
    const [, first, second] = node.inputs;
    if (node.op === 'QuantizeLinear') {
      const type = node.outputs[0]?.dtype;
      if (first?.constant?.size !== 1 || (second && second.constant?.size !== 1) || (type !== 'int8' && type !== 'uint8')) return undefined;
      const scale = first.constant.numbers()[0];
      const zero = second?.constant?.numbers()[0] ?? 0;
      const [low, high] = limitsOf(type === 'int8' ? 'i8' : 'u8');
      const grid = (value: number) => Math.min(high, Math.max(low, Math.round(value / scale) + zero));
      return { node, scale, zero, low: grid(lowest), high: grid(highest) };
    }
    if (node.outputs[0]?.users.length !== 1) return undefined;
    const bounds = traitsOf(node)?.bounds?.(node);
    if (!bounds) return undefined;
    lowest = Math.min(Math.max(lowest, bounds.min), bounds.max);
    highest = Math.max(Math.min(highest, bounds.max), bounds.min);
  }
  return undefined;
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return factor === 1 ? values : values.map((each) => each * factor);
}

/** A number for each channel: a constant of the program, or, where all are the same, a number in the code. */
function vector(context: NestContext, hint: string, type: 'f32' | 'f64' | 'i32', values: ArrayLike<number>): (channel: Expr) => Expr {
  const all = type === 'f32' ? Float32Array.from(values) : type === 'f64' ? Float64Array.from(values) : Int32Array.from(values);
  if (all.every((each) => each === all[0]) && all.length > 0) return () => number(all[0], type);
  let buffer: Buffer | undefined;
  return (channel) => {
    buffer ??= context.constantBuffer(`${context.node.outputs[0]?.name ?? ''}_${hint}`, type, all);
    return load(buffer, channel);
  };
}
