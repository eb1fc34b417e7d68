import { stridesOf } from '../../base/index.js';
import { type GraphBuilder, integerLimits, type Node, Tensor, type Value } from '../../onnx/index.js';

/** Real numbers as integers: x = (q - zeroPoint) · scale, one of each for all elements or for each index of an axis. */
export interface Grid {
  readonly scale: Value | undefined;
  readonly zeroPoint?: Value;
}

/** What the integers of a graph stand for, as it is turned into floats from its inputs on. */
export class RealValues {
  readonly build: GraphBuilder;
  /** Values that held integers and hold floats now, with the grid that they were on. */
  readonly #grids = new Map<Value, Grid>();
  readonly #constants = new Map<Value, Value>();

  constructor(build: GraphBuilder) {
    this.build = build;
  }

  gridOf(value: Value | undefined): Grid | undefined {
    return value && this.#grids.get(value);
  }

  mark(value: Value, grid: Grid): void {
    this.#grids.set(value, grid);
  }

  /** The floats that stand in for an operand in integers. */
  of(value: Value | undefined, grid: Grid, axis?: number): Value | undefined {
    if (!value || this.#grids.has(value)) return value;
    const known = this.#constants.get(value);
    if (known) return known;
    if (!value.constant) return this.build.op('DequantizeLinear', [value, grid.scale, grid.zeroPoint], { axis });
    const made = this.constant(`${value.name}_float`, dequantized(value.constant, grid, axis));
    this.#constants.set(value, made);
    return made;
  }

  constant(name: string, tensor: Tensor): Value {
    const { graph } = this.build;
    return graph.addInitializer(graph.freshName(name), tensor);
  }
}

/** A tensor of integers as the floats that it stands for. `axis`: along which scales run, where there are several. */
export function dequantized(tensor: Tensor, { scale, zeroPoint }: Grid, axis = 1): Tensor {
  const along = (axis + tensor.shape.length) % Math.max(1, tensor.shape.length);
  const spread = (value: Value | undefined) => {
    const { constant } = value ?? {};
    return constant && constant.size > 1 ? constant.reshape(tensor.shape.map((_, i) => (i === along ? constant.size : 1))) : constant;
  };
  return affineFloats(tensor, spread(scale), spread(zeroPoint));
}

/** (integers - zero point) · scale. Both broadcast to the integers, axis by axis, or are single numbers. */
export function affineFloats(integers: Tensor, scale: Tensor | undefined, zeroPoint: Tensor | undefined): Tensor {
  const [scaleAt, zeroAt] = [numberAt(scale, 1, integers.shape), numberAt(zeroPoint, 0, integers.shape)];
  return Tensor.of(
    'float32',
    integers.shape,
    Float32Array.from(integers.numbers(), (q, i) => (q - zeroAt(i)) * scaleAt(i)),
  );
}

/** A tensor's number for each place of a shape that it broadcasts to. */
function numberAt(tensor: Tensor | undefined, absent: number, shape: readonly number[]): (place: number) => number {
  const numbers = tensor?.numbers() ?? [absent];
  if (!tensor || tensor.size === 1) return () => numbers[0];
  const [own, strides] = [stridesOf(tensor.shape), stridesOf(shape)];
  const axes = [...shape.keys()].filter((axis) => tensor.shape[axis] > 1);
  return (place) => numbers[axes.reduce((at, axis) => at + (Math.floor(place / strides[axis]) % shape[axis]) * own[axis], 0)];
}

/** Relu6 says no more than six. */
const SIX = 6;

/**
 * What rounding to a grid did besides rounding: a grid that begins at zero stands for Relu, and one that ends at six besides for Relu6, for quantizers drop
 * them there. Elsewhere the ends lie where calibration put them, and nothing is cut off.
 */
export function saturated(build: GraphBuilder, x: Value, { scale, zeroPoint }: Grid): Value {
  const [step] = scale?.constant?.numbers() ?? [];
  const zero = zeroPoint?.constant;
  const type = zeroPoint?.dtype ?? 'uint8';
  const [low, high] = integerLimits(type) ?? [];
  const at = zeroPoint ? zero?.numbers()[0] : 0;
  if (step === undefined || low === undefined || high === undefined || at !== low || isNonNegative(x)) return x;
  const most = (high - low) * step;
  return Math.abs(most - SIX) <= step ? build.op('Clip', [x, build.scalar(0), build.scalar(SIX)]) : build.op('Relu', [x]);
}

function isNonNegative({ producer }: Value): boolean {
  return producer !== undefined && ['Relu', 'Sigmoid', 'Softmax', 'HardSigmoid'].includes(producer.op);
}

/** Inputs of a node that come in threes: a tensor of integers, its scale and its zero point. */
export function gridAt(node: Node, index: number): Grid {
  return { scale: node.inputs[index], zeroPoint: node.inputs[index + 1] };
}
