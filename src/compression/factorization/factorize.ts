import { UnsupportedError } from '../../base/index.js';
import { type Model, type Node, removeDeadCode, Tensor, type Value } from '../../onnx/index.js';
import { inferShapes, layerOf, typedBuilder } from '../../ops/index.js';
import { openDeepCopy, reshapeWeights } from '../open-copy.js';
import { type DenseLayer, denseLayers, rankWithin } from './layers.js';
import { type Factors, leadingFactors } from './svd.js';

export interface FactorizeOptions {
  /** Share of each layer's numbers that its factors may have, in (0, 1). */
  keep: number;
  /** Instead: the least rank that holds this share of the squared norm of a layer, in (0, 1), where that saves anything. */
  energy?: number;
  /** A layer stays whole where its factors would hold less of its squared norm than this share, from 0 to 1. Default 0. */
  leastEnergy?: number;
  /** Names of nodes that stay whole. */
  exclude?: readonly string[];
}

/** What became of one layer. */
export interface FactorizedLayer {
  node: string;
  size: readonly [number, number];
  rank: number;
  /** Share of the squared norm of the weight that the factors hold. */
  energy: number;
}

/** A layer that would lose too much. */
export interface WholeLayer {
  node: string;
  /** Share of the squared norm of the weight that its factors would hold. */
  energy: number;
}

export interface Factorized {
  model: Model;
  layers: FactorizedLayer[];
  whole: WholeLayer[];
}

/** Numbers that a layer must save to be worth another node. */
const LEAST_SAVED = 64;

/**
 * A copy of a model in which matrices of dense layers and 1×1 convolutions are the product of two smaller ones, by truncated singular value decomposition,
 * wherever two hold fewer numbers. The work falls as the numbers do.
 * @throws UnsupportedError where nothing would be saved.
 */
export function factorizeModel(source: Model, options: FactorizeOptions): Factorized {
  const model = openDeepCopy(source);
  inferShapes(model);
  reshapeWeights(model.graph);
  const candidates = denseLayers(model.graph).filter(({ node }) => !options.exclude?.includes(node.name));
  const layers: FactorizedLayer[] = [];
  const whole: WholeLayer[] = [];
  for (const layer of candidates) {
    const made = factorizeLayer(layer, model, options);
    if (made && 'rank' in made) layers.push(made);
    else if (made) whole.push(made);
  }
  if (layers.length === 0)
    throw new UnsupportedError({
      what: 'No layer of the model would be smaller as two',
      where: source.source,
      expected: 'a constant matrix of a MatMul, Gemm or 1×1 convolution, in floating point, that no other node reads',
      got: candidates.length === 0 ? 'none' : `${candidates.length} too small, or too evenly spread, for what is to be kept${lost(whole)}`,
    });
  removeDeadCode(model.graph);
  model.graph.sort();
  return { model, layers, whole };
}

function lost(whole: readonly WholeLayer[]): string {
  if (whole.length === 0) return '';
  return `: of ${whole.length} at most ${(100 * Math.max(...whole.map(({ energy }) => energy))).toFixed(1)}% of the squared norm would be held`;
}

function factorizeLayer(layer: DenseLayer, model: Model, options: FactorizeOptions): FactorizedLayer | WholeLayer | undefined {
  const { keep, energy, leastEnergy = 0 } = options;
  const { weight, size, node } = layer;
  const most = rankWithin(size, energy === undefined ? keep : 1);
  if (most < 1) return undefined;
  const tensor = weight.initializer as Tensor;
  const matrix = tensor.numbers();
  const whole = matrix.reduce((sum, number) => sum + number * number, 0);
  if (!(whole > 0 && Number.isFinite(whole))) return undefined;
  const factors = leadingFactors(matrix, size, most);
  const held = heldBy(factors, whole);
  const rank = energy === undefined ? most : held.findIndex((share) => share >= energy) + 1;
  const saved = size[0] * size[1] - rank * (size[0] + size[1]);
  if (rank < 1 || saved < LEAST_SAVED) return undefined;
  if (held[rank - 1] < leastEnergy) return { node: node.name || weight.name, energy: held[rank - 1] };
  writeFactors(layer, model, factors, rank);
  return { node: node.name || weight.name, size, rank, energy: held[rank - 1] };
}

/** The share of the squared norm that each number of leading factors holds. */
function heldBy({ values }: Factors, whole: number): number[] {
  let sum = 0;
  return Array.from(values, (value) => {
    sum += value * value;
    return Math.min(1, sum / whole);
  });
}

/** Puts the factor that meets the data first into a node of its own, before the layer, which keeps the other. */
function writeFactors(
  { graph, node, weight, index, size: [rows, columns] }: DenseLayer,
  model: Model,
  factors: Factors,
  rank: number,
): void {
  const { dtype, shape } = weight.initializer as Tensor;
  const build = typedBuilder(graph, model.opsets, { prefix: weight.name });
  const layer = layerOf(node);
  const kernel = layer?.kind === 'kernel' ? shape.slice(2) : [];
  const parameter = (suffix: string, dims: readonly number[], numbers: Float64Array): Value =>
    build.parameter(`${weight.name}.${suffix}`, Tensor.from(dtype, [...dims, ...kernel], numbers));
  const left = () => parameter('left', [rows, rank], sideBySide(factors.left.slice(0, rank)));
  const right = () => parameter('right', [rank, columns], oneBelowAnother(factors.right.slice(0, rank)));
  const data = node.inputs[1 - index] as Value;
  if (layer?.kind === 'kernel') {
    const inner = build.node('Conv', [data, right()])[0];
    const first = inner.producer as Node;
    for (const [name, attribute] of node.attributes) first.attributes.set(name, attribute);
    for (const name of ['strides', 'pads', 'dilations', 'auto_pad']) node.attributes.delete(name);
    build.type(first);
    node.setInput(0, inner);
    node.setInput(1, left());
  } else if (index === 1 && layer?.outputs === 0) {
    node.setInput(0, build.op('MatMul', [data, parameter('right', [columns, rank], sideBySide(factors.right.slice(0, rank)))]));
    node.setInput(1, left());
  } else if (index === 1) {
    node.setInput(0, build.op('MatMul', [data, left()]));
    node.setInput(1, right());
  } else {
    node.setInput(1, build.op('MatMul', [right(), data]));
    node.setInput(0, left());
  }
}

/** Vectors as the columns of a matrix that is stored row by row, and as its rows. */
function sideBySide(vectors: readonly Float64Array[]): Float64Array {
  return Float64Array.from(
    { length: vectors.length * vectors[0].length },
    (_, i) => vectors[i % vectors.length][Math.floor(i / vectors.length)],
  );
}

function oneBelowAnother(vectors: readonly Float64Array[]): Float64Array {
  return Float64Array.from(
    { length: vectors.length * vectors[0].length },
    (_, i) => vectors[Math.floor(i / vectors[0].length)][i % vectors[0].length],
  );
}
