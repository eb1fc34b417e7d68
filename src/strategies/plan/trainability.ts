import { attempted } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { batchSizeOf, buildTrainingStep, inputShapes, type Task, trainable } from '../../training/index.js';

/** The reason why the task's loss cannot be trained on this model, or undefined where it can. */
export async function whyUntrainable(model: Model, task: Task, runtime: Runtime): Promise<string | undefined> {
  return attempted(
    async () => {
      const seen = await trainable(model, task, runtime);
      const batchSize = batchSizeOf(seen, task, 2);
      buildTrainingStep(seen, {
        batchSize,
        inputShapes: await inputShapes(task, batchSize),
        loss: task.loss(),
        optimizer: { kind: 'sgd' },
      });
      return undefined;
    },
    ({ message }) => message,
  );
}
