import { type Graph, type GraphBuilder, integerLimits, type Model, type Node, type Pass, Tensor, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { rounded } from './missing-kernels.js';

/**
 * Writes, in place, quantization that is undone at once in floats: ONNX Runtime's WebGPU provider (1.30) has no kernel of QuantizeLinear. The numbers are the same: every
 * integer of 16 bits is a float32.
 * @returns the number of QuantizeLinears.
 */
function quantizeInFloats(model: Model, graph: Graph): number {
  let count = 0;
  const build = typedBuilder(graph, model.opsets, { prefix: 'grid' });
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += quantizeInFloats(model, inner);
    const grid = gridOf(node);
    const [output] = node.outputs;
    if (!grid || !output || graph.outputs.includes(output) || !output.users.every(readsFloats)) continue;
    const integers = onGrid(build, node.inputs[0] as Value, grid);
    for (const reader of [...output.users]) {
      const undone = reader.op === 'Cast' ? integers : real(build, integers, gridOf(reader) as Grid);
      graph.replace(reader.outputs[0] as Value, undone);
      graph.remove(reader);
    }
    graph.remove(node);
    count++;
  }
  graph.sort();
  return count;
}

export const quantizationInFloats: Pass = {
  name: 'webgpu-quantization-in-floats',
  summary: 'Quantization that is undone at once is written in floats, for the WebGPU provider has no kernel of QuantizeLinear.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: (model) => quantizeInFloats(model, model.graph),
};

/** What a QuantizeLinear or a DequantizeLinear says. */
interface Grid {
  scale: Value;
  /** Absent where it is 0. */
  zero?: Tensor;
  limits: readonly [low: number, high: number];
  /** What scale and zero point are reshaped to, to lie along their axis. */
  shape?: readonly number[];
}

/** Of a node that reads or writes floats of 32 bits, whose grid is one for all or one for each index of an axis; undefined for any other. */
function gridOf(node: Node): Grid | undefined {
  if (!['QuantizeLinear', 'DequantizeLinear'].includes(node.op) || node.domain !== '' || node.int('block_size', 0) !== 0) return undefined;
  const [data, scale, zeroPoint] = node.inputs;
  const type = node.op === 'QuantizeLinear' ? node.outputs[0]?.dtype : data?.dtype;
  const limits = type && integerLimits(type);
  const rank = data?.shape?.length;
  const sizes = scale?.constant?.shape ?? scale?.shape;
  if (scale?.dtype !== 'float32' || !limits || limits[1] >= 2 ** 16 || rank === undefined || !sizes) return undefined;
  const zero = zeroPoint?.constant;
  if ((zeroPoint && !zero) || sizes.length > 1 || (node.op === 'QuantizeLinear' && data?.dtype !== 'float32')) return undefined;
  if (sizes.length === 0) return { scale, zero, limits };
  const axis = (node.int('axis', 1) + rank) % rank;
  return { scale, zero, limits, shape: Array.from({ length: rank }, (_, each) => (each === axis ? -1 : 1)) };
}

function readsFloats(reader: Node): boolean {
  return reader.op === 'Cast' ? reader.outputs[0]?.dtype === 'float32' : reader.op === 'DequantizeLinear' && gridOf(reader) !== undefined;
}

/** round(x / scale) + zero point, cut off at the limits; in floats. */
function onGrid(build: GraphBuilder, x: Value, grid: Grid): Value {
  const steps = rounded(build, build.op('Div', [x, along(build, grid, grid.scale)]));
  const zero = zeroOf(build, grid);
  const shifted = zero ? build.op('Add', [steps, zero]) : steps;
  return build.op('Clip', [shifted, build.scalar(grid.limits[0]), build.scalar(grid.limits[1])]);
}

/** (q - zero point) * scale. */
function real(build: GraphBuilder, integers: Value, grid: Grid): Value {
  const zero = zeroOf(build, grid);
  return build.op('Mul', [zero ? build.op('Sub', [integers, zero]) : integers, along(build, grid, grid.scale)]);
}

/** The zero point in floats; nothing where it is 0 throughout. */
function zeroOf(build: GraphBuilder, grid: Grid): Value | undefined {
  const numbers = grid.zero?.numbers();
  if (!grid.zero || !numbers?.some((number) => number !== 0)) return undefined;
  return along(build, grid, build.constant(Tensor.of('float32', grid.zero.shape, Float32Array.from(numbers))));
}

function along(build: GraphBuilder, { shape }: Grid, value: Value): Value {
  return shape ? build.op('Reshape', [value, build.ints(shape)]) : value;
}
