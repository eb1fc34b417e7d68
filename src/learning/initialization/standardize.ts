import { z } from 'zod';
import { Random, Stopped, UnsupportedError } from '../../base/index.js';
import type { Targets } from '../../data/index.js';
import { Tensor } from '../../onnx/index.js';
import type { TaskContext, Technique } from '../../technique/index.js';
import { feedsOf, withWeights } from '../../training/index.js';

const standardizeSchema = z.strictObject({
  samples: z.int().min(2).default(20_000).describe('Training samples whose means and deviations are taken.'),
});

/** Samples read at a time. */
const CHUNK = 1000;

/**
 * Fills in a network's own standardization by the training part: "standardize.mean" and "standardize.scale" so that each column has mean 0 and deviation 1 behind them, and,
 * where there are numbers to predict, "standardize.spread" and "standardize.shift" so that answers of mean 0 and deviation 1 come out in the units of the targets.
 */
export const standardize: Technique<z.infer<typeof standardizeSchema>, TaskContext> = {
  name: 'standardize',
  title: 'Standardization',
  source: 'LeCun et al. 1998, "Efficient BackProp", section 4.3',
  effects: ['improve'],
  order: 'prepare',
  isTransient: true,
  summary: "Fills in an untrained network's own standardization of its input, and of numbers that it predicts, by the training part.",
  schema: standardizeSchema,
  needs: { data: true },
  // It belongs to its family.
  label: () => [],
  space: () => undefined,
  apply: async (context, { samples }) => {
    const { model, task } = context;
    const names = new Set(Array.from(model.graph.initializers, ({ name }) => name));
    if (!names.has('standardize.mean') || !names.has('standardize.scale'))
      throw new UnsupportedError({
        what: 'There is no standardization to fill in',
        expected: 'weights called "standardize.mean" and "standardize.scale"',
      });
    const input = await inputMoments(context, samples);
    const weights = new Map([
      ['standardize.mean', vector(input.mean)],
      ['standardize.scale', vector(input.deviation.map((deviation) => 1 / deviation))],
    ]);
    const { targets } = task.splits.train;
    if (targets?.kind === 'numbers' && names.has('standardize.spread')) {
      const output = targetMoments(targets);
      weights.set('standardize.spread', vector(output.deviation)).set('standardize.shift', vector(output.mean));
    }
    return { model: withWeights(model, weights), notes: { facts: { standardized: input.mean.length } } };
  },
};

/** Means and deviations of columns; the deviation of one that never changes is 1. */
class Moments {
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #first: Float64Array | undefined;
  #rows = 0;

  constructor(readonly width: number) {
    this.#sums = new Float64Array(width);
    this.#squares = new Float64Array(width);
  }

  add(values: ArrayLike<number>): void {
    // About the first row, so that large offsets with a small spread keep their digits.
    this.#first ??= Float64Array.from({ length: this.width }, (_, i) => values[i]);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] - this.#first[i % this.width];
      this.#sums[i % this.width] += value;
      this.#squares[i % this.width] += value * value;
    }
    this.#rows += values.length / this.width;
  }

  finish(): { mean: number[]; deviation: number[] } {
    const means = Array.from(this.#sums, (sum) => sum / this.#rows);
    const deviation = means.map((mean, i) => Math.sqrt(Math.max(0, this.#squares[i] / this.#rows - mean * mean)));
    return { mean: means.map((mean, i) => mean + (this.#first?.[i] ?? 0)), deviation: deviation.map((each) => (each > 1e-12 ? each : 1)) };
  }
}

async function inputMoments({ task, model, seed, signal }: TaskContext, samples: number) {
  const { train } = task.splits;
  const { name } = model.graph.feeds[0];
  const chosen = new Random(seed).fork('standardization').permutation(train.size).slice(0, samples);
  let moments: Moments | undefined;
  for (let start = 0; start < chosen.length; start += CHUNK) {
    if (signal?.aborted) throw new Stopped('The standardization was stopped');
    const rows = feedsOf(task.feeds, await train.read(chosen.slice(start, start + CHUNK), signal))[name];
    moments ??= new Moments(Number(rows.shape[1]));
    moments.add(rows.toFloat32());
  }
  return (moments as Moments).finish();
}

function targetMoments({ values, columns }: Extract<Targets, { kind: 'numbers' }>) {
  const moments = new Moments(columns.length);
  moments.add(values);
  return moments.finish();
}

function vector(values: readonly number[]): Tensor {
  return Tensor.of('float32', [values.length], Float32Array.from(values));
}
