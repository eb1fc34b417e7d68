import { type Activity, Stopped } from '../../base/index.js';
import { batches } from '../../data/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import { batchSizeOf, buildLossGradients, feedsOf, inputShapes, type Task, trainable } from '../../training/index.js';

export interface GradientRequest extends Pick<Activity, 'signal'> {
  /** The model as it is, with its open shapes. */
  model: Model;
  task: Task;
  runtime: Runtime;
  threads?: number;
  /** Draws the samples. */
  seed: number;
  /** How many batches of up to 64 samples are looked at; where single samples are, 16 for each. */
  batches: number;
}

/** Samples in a batch. */
export const BATCH_SIZE = 64;

/**
 * Shows the gradients of a model's loss, batch by batch of training data. For tasks without labels the loss is the mean square of the outputs,
 * because the difference to the original is still zero.
 * @param size of a batch, and how many.
 * @throws UnsupportedError where the model has no gradient.
 */
export async function visitGradients(
  request: GradientRequest,
  { size, count }: { size: number; count: number },
  visit: (name: string, gradient: Tensor, weight: Tensor) => void,
): Promise<void> {
  const { model, task, runtime, signal, threads, seed } = request;
  const seen = await trainable(model, task, runtime);
  const batchSize = batchSizeOf(seen, task, Math.min(size, task.splits.train.size));
  const shapes = await inputShapes(task, batchSize);
  const { model: step, gradients } = buildLossGradients(seen, { batchSize, inputShapes: shapes, loss: task.importanceLoss() });
  const weights = new Map([...step.graph.initializers].map((value) => [value.name, value.initializer as Tensor]));
  const program = await runtime.compile(step, { threads, signal });
  try {
    let done = 0;
    for await (const batch of batches(task.splits.train, { batchSize, shuffle: true, seed, epoch: 0, dropLast: true, signal })) {
      if (signal?.aborted) throw new Stopped('Measuring importance was stopped');
      const given = Object.entries({ ...feedsOf(task.feeds, batch), ...task.targets(batch) });
      const feeds = Object.fromEntries(given.filter(([name]) => program.inputs.includes(name)));
      const outputs = await program.run(feeds, [...gradients.values()]);
      for (const [name, output] of gradients) visit(name, outputs[output], weights.get(name) as Tensor);
      done++;
      if (done === count) break;
    }
  } finally {
    await program.dispose();
  }
}
