import type { Model } from '../../onnx/index.js';
import { batchSizeOf, feedsOf, type Task } from '../../training/index.js';
import type { Feeds } from './host.js';

/** Inputs of one real sample (of as many as the model takes at a time), for measurements: made-up ones may be slower, or out of range. */
export async function sampleFeeds(model: Model, task: Task): Promise<Feeds> {
  const indices = new Int32Array(batchSizeOf(model, task, 1));
  return feedsOf(task.feeds, await task.splits.validation.read(indices));
}
