import { type Feeds, inventedFeeds, type Proof, type RealFeeds } from '../../diagnosis/index.js';
import type { Model } from '../../onnx/index.js';
import { affordableBatch, batchSizeOf, feedsOf, type Task } from '../../training/index.js';

/** Samples of the test part that whole outputs are compared on, and the most that a run takes together. */
const SAMPLES = 32;
const TOGETHER = 8;

/** The first samples of the test part, run by run, as both models take them. @param after the task as the new model takes it. */
export async function* testFeeds(model: Model, before: Task, after: Task): AsyncGenerator<RealFeeds> {
  const part = before.splits.test;
  const size = await affordableBatch(model, before, { wished: Math.min(TOGETHER, part.size), split: 'test' });
  for (let start = 0; start < Math.min(SAMPLES, part.size); start += size) {
    const indices = Int32Array.from({ length: size }, (_, i) => Math.min(start + i, part.size - 1));
    yield { before: feedsOf(before.feeds, await part.read(indices)), after: feedsOf(after.feeds, await part.read(indices)) };
  }
}

/** Inputs of one run of as few samples as a model takes: a real one where there is data, else as they were made up before. */
export async function oneRun(model: Model, task: Task | undefined, invented: Proof['invented'] = {}): Promise<Feeds> {
  if (!task) return inventedFeeds(model, invented);
  return feedsOf(task.feeds, await task.splits.test.read(new Int32Array(batchSizeOf(model, task, 1))));
}
