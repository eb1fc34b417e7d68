import { type Model, Node, Tensor, Value } from '../../onnx/index.js';
import { trainableParameters } from '../../training/index.js';
import { openCopy } from '../open-copy.js';

/** How weights of different layers compare: by magnitude, or by their share of what is at least as large in their layer. */
export type Ranking = 'lamp' | 'magnitude';

export interface MaskOptions {
  /** Fraction of all weights that becomes zero, in [0, 1]. */
  sparsity: number;
  ranking: Ranking;
  /** Fraction of each layer that stays, at least. */
  minLayerDensity: number;
}

/** Matrices and kernels that may become sparse, by name. */
export function sparsifiable(source: Model): Map<string, Tensor> {
  const { graph } = openCopy(source);
  // IR versions before 4 list every weight as an input.
  const { feeds } = graph;
  graph.inputs.length = 0;
  for (const feed of feeds) graph.inputs.push(feed);
  const parameters = trainableParameters(graph).filter(({ initializer }) => (initializer?.shape.length ?? 0) >= 2);
  return new Map(parameters.map(({ name, initializer }) => [name, initializer as Tensor]));
}

/** The name of the mask of a weight. */
export function maskOf(name: string): string {
  return `espalier.mask.${name}`;
}

/** A copy of a model in which every weight that may become sparse is multiplied by a mask, of ones at first. */
export function withMasks(source: Model): Model {
  const model = openCopy(source);
  const { graph } = model;
  for (const name of sparsifiable(source).keys()) {
    const weight = [...graph.initializers].find((value) => value.name === name) as Value;
    const { shape, size } = weight.initializer as Tensor;
    const mask = graph.addInitializer(maskOf(name), Tensor.of('float32', shape, new Float32Array(size).fill(1)));
    const masked = new Value(graph.freshName(`${name}.masked`), weight.type);
    const uses = weight.uses();
    const node = graph.add(new Node('Mul', '', graph.freshName(`${name}.masking`)));
    node.setInput(0, weight);
    node.setInput(1, mask);
    node.setOutput(0, masked);
    for (const use of uses) use.node.setInput(use.index, masked);
  }
  graph.sort();
  return model;
}

/** A tensor times its mask. */
export function masked(weight: Tensor, mask: Tensor): Tensor {
  const keep = mask.data() as Float32Array;
  // Not a product: no negative zeros, which would compress worse.
  return Tensor.of(
    'float32',
    weight.shape,
    (weight.data() as Float32Array).map((number, i) => (keep[i] === 0 ? 0 : number)),
  );
}

/**
 * Masks that make the given fraction of all weights zero: those of the lowest rank over all layers. By 'lamp' (Lee et al. 2021) a weight's
 * rank is its square divided by the sum of the squares that are at least as large in its layer; 'magnitude' compares them as they are.
 */
export function findMasks(weights: ReadonlyMap<string, Tensor>, options: MaskOptions): Map<string, Tensor> {
  const layers = [...weights].map(([name, tensor]) => ({ name, tensor, ranks: sortedRanks(tensor, options) }));
  const total = layers.reduce((sum, { ranks }) => sum + ranks.length, 0);
  const counts = countsBelow(
    layers.map(({ ranks }) => ranks),
    Math.round(options.sparsity * total),
  );
  return new Map(layers.map(({ name, tensor }, place) => [name, maskOfSmallest(tensor, counts[place])]));
}

/** The ranks of a layer's weights, ascending as their magnitudes are. The largest of them are out of reach. */
function sortedRanks(tensor: Tensor, { ranking, minLayerDensity }: MaskOptions): Float64Array {
  const squares = Float64Array.from(tensor.data() as Float32Array, (number) => number * number).sort();
  if (ranking === 'lamp') {
    let left = 0;
    for (let i = squares.length - 1; i >= 0; i--) {
      left += squares[i];
      squares[i] = left > 0 ? squares[i] / left : 0;
    }
  }
  const safe = Math.max(1, Math.ceil(minLayerDensity * squares.length));
  return squares.fill(Number.POSITIVE_INFINITY, squares.length - safe);
}

/** How many of each sorted list are among the `count` smallest numbers of all; of equal ones, the first lists' first. Infinite ones never. */
function countsBelow(lists: readonly Float64Array[], count: number): number[] {
  const all = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let offset = 0;
  for (const list of lists) {
    all.set(list, offset);
    offset += list.length;
  }
  all.sort();
  const reachable = lowerBound(all, Number.POSITIVE_INFINITY);
  const taken = Math.min(count, reachable);
  if (taken === 0) return lists.map(() => 0);
  const threshold = all[taken - 1];
  const below = lists.map((list) => lowerBound(list, threshold));
  let rest = taken - below.reduce((sum, each) => sum + each, 0);
  return lists.map((list, place) => {
    let equal = 0;
    while (below[place] + equal < list.length && list[below[place] + equal] === threshold && equal < rest) equal++;
    rest -= equal;
    return below[place] + equal;
  });
}

/** How many numbers of a sorted list are smaller than `bound`. */
function lowerBound(sorted: Float64Array, bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Zeros at the `count` elements of least magnitude, ones elsewhere; of equal ones the first go. */
function maskOfSmallest(tensor: Tensor, count: number): Tensor {
  const magnitudes = (tensor.data() as Float32Array).map(Math.abs);
  const mask = new Float32Array(magnitudes.length).fill(1);
  if (count > 0) {
    const threshold = magnitudes.slice().sort()[count - 1];
    let equal = count - magnitudes.reduce((sum, magnitude) => sum + Number(magnitude < threshold), 0);
    magnitudes.forEach((magnitude, i) => {
      if (magnitude < threshold || (magnitude === threshold && equal-- > 0)) mask[i] = 0;
    });
  }
  return Tensor.of('float32', tensor.shape, mask);
}
