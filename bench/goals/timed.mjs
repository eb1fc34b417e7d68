// How long a model takes beside another one, in turns on one thread.
import { inventedFeeds, runnableInputs } from 'espalier/diagnosis';
import { compareLatency } from 'espalier/infrastructure/hardware/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { loadModel } from 'espalier/onnx/node';

/** @returns the ratio of the second's time to the first's, with its 95% interval. */
export async function timed(before, after) {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const model = loadModel(before);
    const feeds = inventedFeeds(model, await runnableInputs(model, runtime));
    const settings = { threads: 1, warmup: 3, runs: 1, minSeconds: 6, maxSeconds: 15, rounds: 101, feeds };
    const [, { ratio, interval }] = await compareLatency(runtime, [{ path: before }, { path: after }], settings);
    return [ratio, interval.low, interval.high];
  } finally {
    await runtime.dispose();
  }
}
