import { addTo, cholesky, inverseByCholesky, Random, solveByCholesky, stridesOf } from '../../base/index.js';
import { copyModel, type Model, Tensor } from '../../onnx/index.js';
import { type LayerInputsRequest, visitValues } from '../layer-inputs.js';
import { type Consumer, consumerOf, contributions } from './contributions.js';
import type { Group } from './dependencies.js';
import type { Importance } from './importance.js';
import type { Layer } from './layers.js';
import { restoreOpenShapes } from './prepare.js';

export interface ReconstructionRequest extends Omit<LayerInputsRequest, 'values' | 'samples'> {
  seed: number;
}

/** Samples that are looked at. */
const SAMPLES = 128;
/** What is added to the diagonal, as a share of its mean: sums of few samples are not of full rank. */
const DAMPING = 0.001;
/** Above so many groups the scores are those of a first removal: working them out anew for each would take too long. */
const MOST_IN_TURN = 1024;

/** A layer's groups as one consumer sees them. */
interface View {
  readonly consumer: Consumer;
  /** Place of the consumer's weight in the groups. */
  readonly place: number;
  /** Sums of products of what two groups add to the same output; [groups, groups]. */
  readonly products: Float64Array;
}

/**
 * How much of what the next layers make of a group cannot be made up for by the groups that stay, as a share of the mean square of their outputs
 * (He et al. 2017, arXiv 1707.06168; ThiNet, Luo et al. 2017, arXiv 1707.06342). Groups go in turn, each time the one whose loss is
 * least once the others are scaled to make up for it, as in optimal brain surgery (Hassibi and Stork 1993). `compensate` then scales the
 * weights of the groups that stay, by least squares. Wants data, but neither targets nor gradients. Layers that no product or ungrouped
 * convolution reads go last: nothing is known of them.
 * @param work the static copy that `layers` were found in.
 */
export async function reconstructionImportance(
  { model: source, seed, ...request }: ReconstructionRequest,
  work: Model,
  layers: readonly Layer[],
): Promise<Importance> {
  const views = viewsOf(work, layers);
  await collect({ ...request, seed, model: openAgain(work, source) }, layers, views);
  const scores = layers.map(({ groups }, place) => {
    const seen = views[place].filter(({ products }) => energyOf(products, groups.length) > 0);
    if (seen.length === 0) return new Float64Array(groups.length).fill(Number.POSITIVE_INFINITY);
    const together = new Float64Array(groups.length ** 2);
    for (const { products } of seen) {
      const energy = energyOf(products, groups.length);
      for (let i = 0; i < together.length; i++) together[i] += products[i] / energy;
    }
    return lossesInTurn(together, groups.length);
  });
  const compensate = (removed: ReadonlySet<Group>) => {
    for (const [place, layer] of layers.entries()) rescale(layer, views[place], removed);
  };
  return { scores, relative: false, compensate };
}

/** The static copy with open shapes, in which values have the same names. */
function openAgain(work: Model, source: Model): Model {
  const model = copyModel(work);
  restoreOpenShapes(model, source);
  return model;
}

function viewsOf({ graph }: Model, layers: readonly Layer[]): View[][] {
  const consumers = graph.nodes.map(consumerOf).filter((consumer) => consumer !== undefined);
  return layers.map(({ losses, groups }) =>
    consumers.flatMap((consumer) => {
      const place = losses.findIndex(({ axis }) => axis.value === consumer.weight && axis.axis === consumer.axis);
      return place < 0 ? [] : [{ consumer, place, products: new Float64Array(groups.length ** 2) }];
    }),
  );
}

async function collect(
  request: Omit<LayerInputsRequest, 'values' | 'samples'> & { seed: number },
  layers: readonly Layer[],
  views: readonly View[][],
): Promise<void> {
  const readers = new Map<string, { view: View; layer: Layer }[]>();
  for (const [place, layer] of layers.entries()) for (const view of views[place]) addTo(readers, view.consumer.input.name, { view, layer });
  const random = new Random(request.seed).fork('reconstruction');
  await visitValues({ ...request, values: [...readers.keys()], samples: SAMPLES }, (name, tensor) => {
    for (const { view, layer } of readers.get(name) ?? []) {
      for (const row of contributions(view.consumer, tensor, random)) add(view, layer, row);
    }
  });
}

function add({ products, place }: View, { groups }: Layer, row: Float64Array): void {
  const sums = Float64Array.from(groups, (group) => group[place].indices.reduce((sum, index) => sum + row[index], 0));
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] !== 0) for (let j = 0; j < sums.length; j++) products[i * sums.length + j] += sums[i] * sums[j];
  }
}

/** Sum of squares of what all groups add together. */
function energyOf(products: Float64Array, size: number): number {
  return size > 0 ? products.reduce((sum, each) => sum + each, 0) : 0;
}

/** A copy with a little more on the diagonal. */
function damped(products: Float64Array, size: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += products[i * size + i];
  const result = products.slice();
  for (let i = 0; i < size; i++) result[i * size + i] += (DAMPING * trace) / size + Number.MIN_VALUE;
  return result;
}

/** What each group costs when it goes, the groups going in turn. */
function lossesInTurn(products: Float64Array, size: number): Float64Array {
  const lower = cholesky(damped(products, size), size);
  if (!lower) return Float64Array.from({ length: size }, (_, i) => products[i * size + i]);
  const inverse = inverseByCholesky(lower, size);
  const losses = new Float64Array(size);
  if (size > MOST_IN_TURN) return losses.map((_, i) => 1 / inverse[i * size + i]);
  const factors = new Float64Array(size).fill(1);
  const left = new Set(losses.keys());
  let largest = 0;
  while (left.size > 0) {
    let next = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const i of left) {
      const loss = factors[i] ** 2 / inverse[i * size + i];
      if (loss < least || next < 0) [next, least] = [i, loss];
    }
    left.delete(next);
    // Scores rise in the order in which groups go, so that selection keeps it.
    largest = Math.max(largest, least);
    losses[next] = largest;
    eliminate(inverse, factors, size, next, left);
  }
  return losses;
}

/** Takes a group out of the inverse, and lets the others make up for it. */
function eliminate(inverse: Float64Array, factors: Float64Array, size: number, gone: number, left: ReadonlySet<number>): void {
  const pivot = inverse[gone * size + gone];
  const share = factors[gone] / pivot;
  for (const i of left) {
    const own = inverse[i * size + gone];
    factors[i] -= share * own;
    for (const j of left) inverse[i * size + j] -= (own * inverse[gone * size + j]) / pivot;
  }
}

/** Scales the weights that read the groups which stay, so that their sums come as near as they can to those of all. */
function rescale({ groups }: Layer, views: readonly View[], removed: ReadonlySet<Group>): void {
  const staying = groups.flatMap((group, i) => (removed.has(group) ? [] : [i]));
  if (staying.length === groups.length || staying.length === 0) return;
  for (const { consumer, place, products } of views) {
    const factors = factorsFor(products, groups.length, staying);
    const weight = consumer.weight.initializer;
    if (!factors || !weight) continue;
    const numbers = weight.toFloat32().slice();
    const [step, size] = [stridesOf(weight.shape)[consumer.axis], weight.shape[consumer.axis]];
    const scales = new Float64Array(size).fill(1);
    staying.forEach((i, k) => {
      for (const index of groups[i][place].indices) scales[index] = factors[k];
    });
    for (let i = 0; i < numbers.length; i++) numbers[i] *= scales[Math.floor(i / step) % size];
    consumer.weight.initializer = Tensor.from(weight.dtype, weight.shape, numbers);
  }
}

/** Least squares with a pull towards 1. */
function factorsFor(products: Float64Array, size: number, staying: readonly number[]): Float64Array | undefined {
  const count = staying.length;
  const part = new Float64Array(count * count);
  staying.forEach((i, row) => {
    staying.forEach((j, column) => {
      part[row * count + column] = products[i * size + j];
    });
  });
  const soft = damped(part, count);
  const lower = cholesky(soft, count);
  const wanted = Float64Array.from(staying, (i, k) => {
    let sum = soft[k * count + k] - part[k * count + k];
    for (let j = 0; j < size; j++) sum += products[i * size + j];
    return sum;
  });
  return lower && solveByCholesky(lower, wanted);
}
