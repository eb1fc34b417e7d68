import { attempted } from '../../../base/index.js';
import { createNodeRuntime } from '../../../infrastructure/runtime/node/index.js';
import { createTask, notedPreprocess } from '../../../modalities/index.js';
import { openDataset } from '../../../modalities/node/index.js';
import type { Model, Tensor } from '../../../onnx/index.js';
import { batchSizeOf, feedsOf } from '../../../training/index.js';
import { frontOf } from '../runs/summary.js';
import { DATASETS } from '../starting/arguments.js';

/**
 * Inputs of a sample of a run's validation part: where the data comes with the package, for a run does not say where other data lies, and the model says how
 * samples become its inputs. Undefined elsewhere.
 */
export async function validationFeeds(model: Model, folder: string): Promise<Record<string, Tensor> | undefined> {
  const info = await attempted(
    () => frontOf(folder),
    () => undefined,
  );
  const name = DATASETS.find((each) => each.name === info?.task.name)?.name;
  if (!info || name === undefined) return undefined;
  const source = await openDataset(name);
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const noted = notedPreprocess(model, source.train.inputs);
    if (!noted) return undefined;
    const { task } = await createTask(model, source, runtime, { preprocess: 'auto', noted, splits: { seed: info.seed }, threads: 1 });
    if (task.splits.train.fingerprint !== info.task.fingerprint) return undefined;
    return feedsOf(task.feeds, await task.splits.validation.read(new Int32Array(batchSizeOf(model, task, 1))));
  } finally {
    await runtime.dispose();
    await source.close();
  }
}
