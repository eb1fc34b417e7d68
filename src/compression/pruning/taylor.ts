import { BATCH_SIZE, type GradientRequest, visitGradients } from './gradients.js';
import { type Importance, scoredAxes, sumBySlice } from './importance.js';
import type { Layer } from './layers.js';

/**
 * How much the loss would change, to first order, if a group's weights were zero (Molchanov et al. 2019): the sum of |gradient · weight| over
 * its slices, mean over batches of training data. See `visitGradients` for the loss.
 * @throws UnsupportedError where the model has no gradient.
 */
export async function taylorImportance(request: GradientRequest, layers: readonly Layer[]): Promise<Importance> {
  const products = await gradientProducts(request);
  const scores = layers.map(({ groups, losses }) => {
    const counted = scoredAxes(losses.map(({ axis }) => axis));
    const sums = new Float64Array(groups.length);
    let known = false;
    for (const [place, { axis }] of losses.entries()) {
      const product = counted.has(axis) ? products.get(axis.value.name) : undefined;
      if (!product || !axis.value.constant) continue;
      known = true;
      const slices = sumBySlice(product, axis.value.constant.shape, axis.axis);
      groups.forEach((group, i) => {
        for (const index of group[place].indices) sums[i] += slices[index];
      });
    }
    // What the loss has no gradient for is not known to be unimportant.
    return known ? sums : sums.fill(Number.POSITIVE_INFINITY);
  });
  return { scores, relative: false };
}

/** Mean of |gradient · weight| for each element of each parameter, by the parameter's name. */
async function gradientProducts(request: GradientRequest): Promise<Map<string, Float64Array>> {
  const products = new Map<string, Float64Array>();
  await visitGradients(request, { size: BATCH_SIZE, count: request.batches }, (name, gradient, weight) => {
    const sum = products.get(name) ?? new Float64Array(weight.size);
    products.set(name, sum);
    const [slopes, numbers] = [gradient.numbers(), weight.numbers()];
    for (let i = 0; i < sum.length; i++) sum[i] += Math.abs(slopes[i] * numbers[i]);
  });
  return products;
}
