import { type Activity, Stopped } from '../../base/index.js';
import { batches } from '../../data/index.js';
import type { Program, Runtime } from '../../infrastructure/runtime/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import { batchSizeOf, buildLossGradients, feedsOf, inputShapes, type Task, trainable } from '../../training/index.js';
import { type Importance, scoredAxes, sumBySlice } from './importance.js';
import type { Layer } from './layers.js';

export interface TaylorRequest extends Pick<Activity, 'signal'> {
  /** The model as it is, with its open shapes. */
  model: Model;
  task: Task;
  runtime: Runtime;
  threads?: number;
  /** Draws the samples. */
  seed: number;
  /** How many batches of up to 64 samples are looked at. */
  batches: number;
}

const BATCH_SIZE = 64;

/**
 * How much the loss would change, to first order, if a group's weights were zero (Molchanov et al. 2019): the sum of |gradient · weight| over
 * its slices, mean over batches of training data. For tasks without labels the loss is the mean square of the outputs, because the
 * difference to the original is still zero.
 * @throws UnsupportedError where the model has no gradient.
 */
export async function taylorImportance(request: TaylorRequest, layers: readonly Layer[]): Promise<Importance> {
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
async function gradientProducts(request: TaylorRequest): Promise<Map<string, Float64Array>> {
  const { model, task, runtime, signal, threads, seed } = request;
  const seen = await trainable(model, task, runtime);
  const batchSize = batchSizeOf(seen, task, Math.min(BATCH_SIZE, task.splits.train.size));
  const shapes = await inputShapes(task, batchSize);
  const { model: step, gradients } = buildLossGradients(seen, { batchSize, inputShapes: shapes, loss: task.importanceLoss() });
  const weights = new Map([...step.graph.initializers].map((value) => [value.name, value.initializer as Tensor]));
  const program = await runtime.compile(step, { threads, signal });
  const products = new Map<string, Float64Array>();
  try {
    let done = 0;
    for await (const batch of batches(task.splits.train, { batchSize, shuffle: true, seed, epoch: 0, dropLast: true, signal })) {
      if (signal?.aborted) throw new Stopped('Measuring importance was stopped');
      const feeds = { ...feedsOf(task.feeds, batch), ...task.targets(batch) };
      const outputs = await program.run(onlyInputs(program, feeds), [...gradients.values()]);
      for (const [name, output] of gradients) accumulate(products, name, outputs[output], weights.get(name) as Tensor);
      done++;
      if (done === request.batches) break;
    }
  } finally {
    await program.dispose();
  }
  return products;
}

function onlyInputs(program: Program, feeds: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.includes(name)));
}

function accumulate(products: Map<string, Float64Array>, name: string, gradient: Tensor, weight: Tensor): void {
  const sum = products.get(name) ?? new Float64Array(weight.size);
  products.set(name, sum);
  const [slopes, numbers] = [gradient.numbers(), weight.numbers()];
  for (let i = 0; i < sum.length; i++) sum[i] += Math.abs(slopes[i] * numbers[i]);
}
