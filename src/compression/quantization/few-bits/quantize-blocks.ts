import { type Activity, OptionError, stridesOf } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { type Model, removeDeadCode, type Tensor } from '../../../onnx/index.js';
import type { Task } from '../../../training/index.js';
import { type WeightMatrix, weightMatrices } from '../../matrices.js';
import { nothingToQuantize } from '../nothing.js';
import { prepareModel } from '../prepare.js';
import { type Bits, type Blocked, type BlockScale, dequantized, gridOf, nearestScale, type Rows, roundToGrid } from './block-grid.js';
import { curvatures, MOST_COLUMNS } from './curvature.js';
import { gptq } from './gptq.js';
import { hqqScale } from './hqq.js';
import { BlockWriter, bytesOf, isProduct } from './write-blocks.js';

/** How weights are rounded: to the nearest number of a grid over their range; to a grid that suits most of them; or so that later columns make up for earlier ones. */
export const ROUNDINGS = ['nearest', 'hqq', 'gptq'] as const;

export type Rounding = (typeof ROUNDINGS)[number];

export interface BlockOptions extends Pick<Activity, 'signal'> {
  bits: Bits;
  /** Neighbouring inputs of an output that share a scale and a zero point: a power of two from 16 on. Default 32. */
  blockSize?: number;
  /** Default hqq. */
  rounding?: Rounding;
  /** Names of nodes whose weights stay. */
  exclude?: readonly string[];
  /** Data for gptq; no targets are needed. */
  task?: Pick<Task, 'feeds' | 'splits'>;
  /** At most so many samples. Default 128. */
  samples?: number;
  /** Draws the places that are looked at. Default 0. */
  seed?: number;
  threads?: number;
}

export interface BlockedLayer {
  node: string;
  rounding: Rounding;
  /** Mean square of the change of the weight over its own. */
  error: number;
}

export interface BlockResult {
  model: Model;
  layers: BlockedLayer[];
  /** Nodes whose weights stay, and why: sentences. */
  remarks: string[];
}

/** The first opset whose DequantizeLinear takes blocks, and uint4. */
const BLOCK_OPSET = 21;

/**
 * Stores weights of products and convolutions in 4 or 2 bits, by blocks with a scale and a zero point each, and computes in floating point as before.
 * Products become MatMulNBits (com.microsoft), which ONNX Runtime computes from the packed weights; convolutions read a DequantizeLinear of
 * blocks, with 2 bits after unpacking in the graph.
 * @throws OptionError for a block size that no runtime has, or gptq without data; UnsupportedError where there is nothing to quantize.
 */
export async function quantizeBlocks(source: Model, runtime: Runtime, options: BlockOptions): Promise<BlockResult> {
  const { bits, blockSize = 32, rounding = 'hqq', exclude = [] } = options;
  if (!(blockSize >= 16 && Number.isInteger(Math.log2(blockSize)))) {
    throw new OptionError({ what: 'Blocks cannot be so large', expected: 'a power of two, from 16 on', got: String(blockSize) });
  }
  const model = await prepareModel(source, runtime, { opset: BLOCK_OPSET, normalizationToConvolution: false });
  const remarks: string[] = [];
  const layers = [...weightMatrices(model).values()].flatMap((matrix) => {
    const tensor = matrix.node.inputs.find((input) => input?.name === matrix.name)?.constant;
    const isScaled = matrix.node.float('alpha', 1) !== 1 || matrix.node.float('beta', 1) !== 1;
    if (tensor?.dtype !== 'float32' || isScaled || exclude.includes(matrix.node.name)) return [];
    const weight = rowsOf(tensor, matrix);
    const smaller = bytesOf(weight, bits, blockSize, isProduct(matrix.node)) < 4 * tensor.size;
    return smaller ? [{ matrix, weight, shape: tensor.shape, columns: weight.columns }] : [];
  });
  if (layers.length === 0) throw nothingToQuantize(source);
  const chosen = new Map<WeightMatrix, Blocked>();
  if (rounding === 'gptq') await roundByGptq({ ...options, bits, blockSize }, model, runtime, layers, chosen);
  const scaleOf = rounding === 'nearest' ? nearestScale : hqqScale;
  const written = layers.map(({ matrix, weight }) => {
    const byGptq = chosen.get(matrix);
    const blocked = byGptq ?? roundToGrid(weight, gridOf(weight, bits, blockSize, scaleOf));
    return { matrix, weight, blocked, rounding: byGptq || rounding !== 'gptq' ? rounding : ('hqq' as const) };
  });
  const fallen = written.filter((each) => each.rounding !== rounding).map(({ matrix }) => matrix.node.name);
  if (fallen.length > 0) {
    remarks.push(
      `Rounded by hqq rather than gptq, for being grouped, too wide (${MOST_COLUMNS} inputs at most) or never fed: ${fallen.join(', ')}.`,
    );
  }
  const writer = new BlockWriter(model);
  for (const { matrix, weight, blocked } of written) writer.layer(matrix, weight, blocked);
  removeDeadCode(model.graph);
  model.graph.sort();
  return {
    model,
    remarks,
    layers: written.map(({ matrix, weight, blocked, rounding: how }) => ({
      node: matrix.node.name,
      rounding: how,
      error: relativeError(weight, blocked),
    })),
  };
}

async function roundByGptq(
  options: BlockOptions & { blockSize: number },
  model: Model,
  runtime: Runtime,
  layers: readonly { matrix: WeightMatrix; weight: Rows; shape: readonly number[]; columns: number }[],
  chosen: Map<WeightMatrix, Blocked>,
): Promise<void> {
  const { task, bits, blockSize, samples = 128, seed = 0, threads, signal } = options;
  if (!task) throw new OptionError({ what: 'Rounding by gptq looks at data', fix: 'Give data, or round by hqq.' });
  const curved = layers.filter(({ matrix, columns }) => matrix.groups === 1 && columns <= MOST_COLUMNS);
  const weights = new Map(curved.map(({ matrix, weight }) => [matrix, weight]));
  const scaleOf = (values: Float32Array, width: Bits): BlockScale => hqqScale(values, width);
  for await (const { layer, curvature } of curvatures({ model, task, runtime, samples, seed, threads, signal }, curved)) {
    const blocked = curvature.some((each) => each !== 0)
      ? gptq(weights.get(layer.matrix) as Rows, curvature, { bits, blockSize, scaleOf })
      : undefined;
    if (blocked) chosen.set(layer.matrix, blocked);
  }
}

/** A weight with one row for each output. */
function rowsOf(tensor: Tensor, { outputs }: WeightMatrix): Rows {
  const rows = tensor.shape[outputs];
  const columns = tensor.size / rows;
  const values = tensor.toFloat32();
  if (outputs === 0) return { values, rows, columns };
  const [along, across] = [stridesOf(tensor.shape)[1 - outputs], stridesOf(tensor.shape)[outputs]];
  const turned = Float32Array.from(values, (_, i) => values[(i % columns) * along + Math.floor(i / columns) * across]);
  return { values: turned, rows, columns };
}

function relativeError({ values, columns }: Rows, blocked: Blocked): number {
  const rounded = dequantized(blocked, columns);
  let [error, energy] = [0, 0];
  values.forEach((value, i) => {
    error += (value - rounded[i]) ** 2;
    energy += value ** 2;
  });
  return energy > 0 ? error / energy : 0;
}
