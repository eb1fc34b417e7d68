import { type Activity, Stopped } from '../../../base/index.js';
import { batches, representatives } from '../../../data/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copyModel, type GraphBuilder, type Model, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { affordableBatch, batchSizeOf, feedsOf, type Task } from '../../../training/index.js';
import { filled } from './calibrate.js';
import { lastFirst } from './watch.js';

export interface ChannelStatisticsRequest extends Activity {
  model: Model;
  task: Pick<Task, 'feeds' | 'splits'>;
  runtime: Runtime;
  /** Axis of the channels of each value, by name. */
  axes: ReadonlyMap<string, number>;
  /** At most this many samples of the calibration part. */
  samples: number;
  threads?: number;
}

/** What was seen of each channel of a value. */
export interface ChannelStatistics {
  /** Largest magnitude. */
  readonly largest: Float32Array;
  readonly mean: Float32Array;
}

/** Magnitudes and means of the channels of inner values on the calibration part. The runtime itself reduces them, so that little leaves it. */
export async function channelStatistics(request: ChannelStatisticsRequest): Promise<Map<string, ChannelStatistics>> {
  const { model, task, runtime, axes, samples, threads, signal } = request;
  if (axes.size === 0) return new Map();
  const dataset = representatives(task.splits.calibration, samples);
  const fixed = batchSizeOf(model, task, 0) > 0;
  const batchSize = await affordableBatch(model, task, { wished: Math.min(32, dataset.size), split: 'calibration' });
  const { model: reducing, outputs } = reduced(model, axes);
  const sums = new Map<string, { largest: Float32Array; total: Float64Array; count: number }>();
  const program = await runtime.compile(reducing, { threads, signal, optimize: 'extended' });
  try {
    for await (const batch of batches(dataset, { batchSize, signal, prefetch: 1 })) {
      if (signal?.aborted) throw new Stopped('The calibration was stopped');
      const whole = fixed && batch.size < batchSize ? await filled(dataset, batch.indices, batchSize) : batch;
      const found = await program.run(
        feedsOf(task.feeds, whole),
        [...outputs.values()].flatMap(({ largest, mean }) => [largest, mean]),
      );
      for (const [name, { largest, mean }] of outputs) {
        const [most, average] = [found[largest].toFloat32(), found[mean].toFloat32()];
        const sum = sums.get(name) ?? { largest: new Float32Array(most.length), total: new Float64Array(most.length), count: 0 };
        sums.set(name, sum);
        most.forEach((value, channel) => {
          if (value > sum.largest[channel]) sum.largest[channel] = value;
          sum.total[channel] += average[channel] * batch.size;
        });
        sum.count += batch.size;
      }
    }
  } finally {
    await program.dispose();
  }
  return new Map(
    [...sums].map(([name, { largest, total, count }]) => [name, { largest, mean: Float32Array.from(total, (sum) => sum / count) }]),
  );
}

function reduced(source: Model, axes: ReadonlyMap<string, number>) {
  const model = copyModel(source);
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets);
  const values = lastFirst(graph, (value) => axes.has(value.name) && value.shape !== undefined);
  graph.outputs.length = 0;
  const outputs = new Map(
    values.map((value) => {
      const others = [...(value.shape ?? []).keys()].filter((axis) => axis !== axes.get(value.name));
      const largest = reduce(build, 'ReduceMax', build.op('Abs', [value]), others, model.opset);
      const mean = reduce(build, 'ReduceMean', value, others, model.opset);
      graph.outputs.push(largest, mean);
      return [value.name, { largest: largest.name, mean: mean.name }] as const;
    }),
  );
  return { model, outputs };
}

/** Axes became an input at opset 18. */
function reduce(build: GraphBuilder, op: string, value: Value, axes: readonly number[], opset: number): Value {
  return opset >= 18 ? build.op(op, [value, build.ints(axes)], { keepdims: 0 }) : build.op(op, [value], { axes, keepdims: 0 });
}
