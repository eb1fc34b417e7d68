import { copyModel, type GraphBuilder, type Model, Tensor, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { type Blocked, type BlockScale, blocksOf, dequantized, type Rows, roundToGrid } from './block-grid.js';
import type { FewBits, FewLayer } from './few-layers.js';
import { inOwnOrder, type Site, sitesOf } from './sites.js';

/** A weight that is trained on a grid whose steps are trained with it. */
export interface Learned {
  readonly layer: FewLayer;
  /** Where training starts. Zero points stay. */
  readonly start: Blocked;
  /** Numbers that a weight can have, from 0 on: 2^bits, or 3 with ternary weights. */
  readonly levels: number;
  /** Names of the weight and of its steps among the model's initializers. */
  readonly weight: string;
  readonly steps: string;
}

export interface LearnedModel {
  model: Model;
  learned: readonly Learned[];
  /** Initializers that are neither weights nor steps: zero points, and weights in branches, which keep the form that they had. */
  fixed: readonly string[];
}

/**
 * The float model with weights that are rounded as they are read, by steps that are weights themselves: ŵ = (round(clip(w / s + z, 0, levels - 1)) - z) · s,
 * with gradients passed straight through the rounding, so that dŵ/ds = round(w / s) - w / s within the grid and its ends beyond (LSQ, Esser et al. 2020,
 * arXiv 1902.08153, equation 3).
 */
export function withLearnedSteps(few: FewBits, starts: ReadonlyMap<FewLayer, { start: Blocked; levels: number }>): LearnedModel {
  const model = copyModel(few.model);
  const sites = sitesOf(model, few.plan);
  const build = typedBuilder(model.graph, model.opsets);
  const fixed: string[] = [];
  const learned = few.layers.flatMap((layer): Learned[] => {
    const site = sites[layer.index];
    const given = starts.get(layer);
    if (!given || site.place !== model.graph || !model.graph.initializers.has(site.value)) {
      fixed.push(site.value.name);
      return [];
    }
    site.value.initializer = Tensor.of('float32', site.shape, inOwnOrder(site, nearStart(site.weight, given.start)));
    const steps = build.parameter(`${site.value.name}.steps`, stepsOf(site.weight, given.start));
    const zeros = build.parameter(`${site.value.name}.zeros`, zerosOf(site.weight, given.start));
    fixed.push(zeros.name);
    const rounded = roundedBy(build, site, { steps, zeros, ...given });
    for (const { node, index } of site.uses) node.setInput(index, rounded);
    return [{ layer, ...given, weight: site.value.name, steps: steps.name }];
  });
  model.graph.sort();
  return { model, learned, fixed };
}

interface Grid {
  steps: Value;
  zeros: Value;
  start: Blocked;
  levels: number;
}

/** The weight after rounding, in its own shape. */
function roundedBy(build: GraphBuilder, site: Site, { steps, zeros, start, levels }: Grid): Value {
  const { value, shape, matrix, reading } = site;
  const { rows, columns } = site.weight;
  const { blockSize } = start.grid;
  const blocks = blocksOf(columns, blockSize);
  const missing = blocks * blockSize - columns;
  const isTurned = reading === 'product' && matrix?.outputs === 1;
  const lines = isTurned ? build.op('Transpose', [value], { perm: [1, 0] }) : build.op('Reshape', [value, build.ints([rows, columns])]);
  const filler = () => build.constant(Tensor.of('float32', [rows, missing], new Float32Array(rows * missing)));
  const filled = missing === 0 ? lines : build.op('Concat', [lines, filler()], { axis: 1 });
  const split = build.op('Reshape', [filled, build.ints([rows, blocks, blockSize])]);
  const place = build.op('Add', [build.op('Div', [split, steps]), zeros]);
  const clipped = build.op('Clip', [place, build.scalar(0), build.scalar(levels - 1)]);
  const unit = [build.scalar(1), build.scalar(0, 'uint8')];
  const whole = build.op('DequantizeLinear', [build.op('QuantizeLinear', [clipped, ...unit]), ...unit]);
  const restored = build.op('Mul', [build.op('Sub', [whole, zeros]), steps]);
  const joined = build.op('Reshape', [restored, build.ints([rows, blocks * blockSize])]);
  const cut = missing === 0 ? joined : build.op('Slice', [joined, build.ints([0]), build.ints([columns]), build.ints([1])]);
  return isTurned ? build.op('Transpose', [cut], { perm: [1, 0] }) : build.op('Reshape', [cut, build.ints(shape)]);
}

/** Share of a step by which weights may be off the numbers that they are rounded to at first. */
const NEAR = 0.45;

/** Weights that round to where training starts, with as much of their own as that allows: what rounding by data has found is kept. */
function nearStart({ values, columns }: Rows, start: Blocked): Float32Array {
  const { blockSize, scales } = start.grid;
  const blocks = blocksOf(columns, blockSize);
  return dequantized(start, columns).map((rounded, i) => {
    const reach = NEAR * scales[Math.floor(i / columns) * blocks + Math.floor((i % columns) / blockSize)];
    return rounded + Math.max(-reach, Math.min(reach, values[i] - rounded));
  });
}

function stepsOf({ rows, columns }: Rows, { grid }: Blocked): Tensor {
  return Tensor.of('float32', [rows, blocksOf(columns, grid.blockSize), 1], grid.scales.slice());
}

function zerosOf({ rows, columns }: Rows, { grid }: Blocked): Tensor {
  return Tensor.from('float32', [rows, blocksOf(columns, grid.blockSize), 1], grid.zeros);
}

/** The integers of a trained weight on its trained steps. @param weight one row for each output. */
export function onLearnedGrid(weight: Rows, { start, levels }: Pick<Learned, 'start' | 'levels'>, steps: Float32Array): Blocked {
  const grid = { ...start.grid, scales: steps };
  const { integers } = roundToGrid(weight, grid);
  // A ternary grid ends before its bits do.
  return { grid, integers: integers.map((integer) => Math.min(levels - 1, integer)) };
}

/** Fractions of the largest magnitude that are tried as the step of a ternary block. */
const TERNARY_STEPS = Array.from({ length: 19 }, (_, i) => 1 - i / 20);

/** The step of least squared error where a block's weights are -step, 0 or step. */
export function ternaryScale(values: Float32Array): BlockScale {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest > 2 ** -126)) return { scale: 1, zero: 1 };
  let best = { scale: largest, error: Number.POSITIVE_INFINITY };
  for (const fraction of TERNARY_STEPS) {
    const scale = Math.fround(largest * fraction);
    let error = 0;
    for (const value of values) error += (value - Math.sign(value) * (Math.abs(value) > scale / 2 ? scale : 0)) ** 2;
    if (error < best.error) best = { scale, error };
  }
  return { scale: best.scale, zero: 1 };
}

/**
 * Factor of the learning rate of steps: with Adam each number moves by about the rate, so that steps change by the same share as weights do where they learn by
 * this much less. The paper has that balance in mind with its gradient scale 1 / √(N·Q), which does the same for plain gradient descent and nothing with Adam.
 */
export function stepRate(weights: Float32Array, steps: Float32Array): number {
  const size = Math.sqrt(weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length);
  const step = steps.reduce((sum, scale) => sum + scale, 0) / steps.length;
  return size > 0 && step > 0 ? Math.min(1, step / size) : 1;
}
