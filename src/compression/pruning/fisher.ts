import { type GradientRequest, visitGradients } from './gradients.js';
import { type Importance, scoredAxes, sumBySlice } from './importance.js';
import type { Layer } from './layers.js';

/** Single samples that stand for a batch: each takes a run of its own. */
const SAMPLES = 16;

/**
 * Half the mean square, over single samples of training data, of the loss's slope along a group: of sum(gradient · weight) over each matrix
 * or kernel that it has a slice of, which is the slope along a factor on those inputs or outputs. To second order that is what the loss rises
 * by when the group goes (Fisher pruning, Theis et al. 2018, arXiv 1801.05787, equation 4, summed over what the group ties together). Where the
 * batch of the model is fixed, slopes of whole batches stand in.
 * @throws UnsupportedError where the model has no gradient.
 */
export async function fisherImportance(request: GradientRequest, layers: readonly Layer[]): Promise<Importance> {
  const slices = layers.flatMap(({ groups, losses }, layer) => {
    const counted = scoredAxes(losses.map(({ axis }) => axis));
    return losses.flatMap(({ axis }, place) => (counted.has(axis) && axis.value.constant ? [{ layer, place, axis, groups }] : []));
  });
  const scores = layers.map(({ groups }) => new Float64Array(groups.length));
  const known = new Set<number>();
  const count = Math.min(request.task.splits.train.size, request.batches * SAMPLES);
  await visitGradients(request, { size: 1, count }, (name, gradient, weight) => {
    const here = slices.filter(({ axis }) => axis.value.name === name);
    if (here.length === 0) return;
    const [slopes, numbers] = [gradient.numbers(), weight.numbers()];
    const products = Float64Array.from(slopes, (slope, i) => slope * numbers[i]);
    for (const { layer, place, axis, groups } of here) {
      known.add(layer);
      const sums = sumBySlice(products, weight.shape, axis.axis);
      groups.forEach((group, i) => {
        const slope = group[place].indices.reduce((sum, index) => sum + sums[index], 0);
        scores[layer][i] += slope ** 2 / (2 * count);
      });
    }
  });
  for (const [layer, each] of scores.entries()) if (!known.has(layer)) each.fill(Number.POSITIVE_INFINITY);
  return { scores, relative: false };
}
