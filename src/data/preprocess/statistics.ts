import { DataError } from '../../base/index.js';
import { batches } from '../batches.js';
import type { ColumnSpec, Dataset } from '../dataset.js';
import { subset } from '../subset.js';
import { asNumbers } from './apply.js';
import { type Prepare, preparationOf } from './preparations.js';
import type { ChannelStatistics } from './spec.js';

export interface StatisticsOptions {
  /** Which input. Default: the first. */
  input?: string;
  /** Samples to look at, spread evenly over the data. Default: 10,000. */
  atMost?: number;
  /** What is made of samples first. Default: nothing. */
  prepare?: Prepare;
  signal?: AbortSignal;
}

/** Of a table's columns, of which values may be missing. @param seen the values that are there, by column; they are sorted. */
function columnStatistics(columns: readonly ColumnSpec[], seen: readonly number[][]): ChannelStatistics {
  const mean = seen.map((values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
  const std = seen.map((values, i) =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - mean[i]) ** 2, 0) / Math.max(1, values.length)),
  );
  return { mean, std, fill: seen.map((values, i) => (columns[i].categories ? mostFrequent(values) : median(values))) };
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  if (values.length === 0) return 0;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** Of several that are as frequent, the smallest. */
function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [best = [0, 0]] = [...counts].sort(([a, often], [b, oftener]) => oftener - often || a - b);
  return best[0];
}

/**
 * Mean and population standard deviation along the last axis of an input (colour channels of images, columns of features), in stored units, or of what
 * is prepared from it.
 * Hand it the training part only: what comes from other parts would leak into the model.
 * @throws DataError when there is no such input, or a value is not finite.
 */
export async function channelStatistics(training: Dataset, options: StatisticsOptions = {}): Promise<ChannelStatistics> {
  const { atMost = 10_000, prepare, signal } = options;
  const name = options.input ?? training.inputs[0].name;
  const spec = training.inputs.find((input) => input.name === name);
  if (!spec)
    throw new DataError({
      what: `There is no input "${name}"`,
      where: training.name,
      expected: training.inputs.map((i) => i.name).join(', '),
    });
  const { columns } = spec;
  const seen: number[][] | undefined = columns?.map(() => []);
  const count = Math.min(atMost, training.size);
  const chosen = Int32Array.from({ length: count }, (_, i) => Math.floor((i * training.size) / count));
  let [sums, squares] = [new Float64Array(0), new Float64Array(0)];
  let shift: Float64Array | undefined;
  let rows = 0;
  for await (const batch of batches(subset(training, chosen), { batchSize: 256, signal })) {
    const prepared = prepare ? preparationOf(prepare).run(batch.inputs[name], prepare) : batch.inputs[name];
    const values = asNumbers(prepared);
    const channels = prepared.shape.slice(1).at(-1) ?? 1;
    if (seen) {
      for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) seen[i % channels].push(values[i]);
      continue;
    }
    if (!shift) {
      [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
      // Sums are taken about the first sample: large offsets with a small spread keep their digits.
      shift = Float64Array.from({ length: channels }, (_, c) => values[c]);
    }
    for (let i = 0; i < values.length; i++) {
      const c = i % channels;
      const value = values[i] - shift[c];
      sums[c] += value;
      squares[c] += value * value;
    }
    rows += values.length / channels;
  }
  if (columns && seen) return columnStatistics(columns, seen);
  const mean = Array.from(sums, (sum, c) => sum / rows + (shift?.[c] ?? 0));
  const std = Array.from(squares, (square, c) => Math.sqrt(Math.max(0, square / rows - (sums[c] / rows) ** 2)));
  const bad = mean.findIndex((value, c) => !Number.isFinite(value) || !Number.isFinite(std[c]));
  if (bad >= 0) throw new DataError({ what: `Channel ${bad} of input "${name}" has values that are not finite`, where: training.name });
  return { mean, std };
}
