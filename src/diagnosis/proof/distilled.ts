import { type Activity, Random, Stopped, sizeOf } from '../../base/index.js';
import type { Program, Runtime } from '../../infrastructure/runtime/index.js';
import { copiesOf, type Model, Tensor } from '../../onnx/index.js';
import { buildStatisticsMatch, type ChannelStatistics, type StatisticsMatch } from '../../training/index.js';
import type { Feeds } from './prove.js';

export interface DistillRequest extends Activity {
  model: Model;
  runtime: Runtime;
  threads?: number;
  /** Batches to begin with, all of one shape. */
  batches: readonly Feeds[];
  /** Of Adam, for each batch. */
  steps: number;
  /** Where the first batch ends further from the statistics than this, the others are not tried. */
  hopeless: number;
}

export interface Distilled {
  readonly batches: readonly Record<string, Tensor>[];
  /** How far the statistics of the batches are from the model's, before and after; see `StatisticsMatch`. */
  readonly before: number;
  readonly after: number;
  readonly normalizations: number;
  /** Inputs that began with the statistics of a normalization that reads them. */
  readonly known: readonly string[];
  /** The batches as they began: with those statistics, and nothing else changed. */
  begun(): Record<string, Tensor>[];
}

/** Adam's rate, as a share of the deviation of what an input holds at first; of each channel where its own is known. */
const RATE = 0.1;

/**
 * Changes made-up inputs until what they do in a model has the mean and deviation that its batch normalizations remember of the training data (ZeroQ, Cai et al. 2020,
 * arXiv 2001.00281).
 * @returns undefined where the model has no such normalization.
 * @throws UnsupportedError where an operator before one of them has no gradient.
 */
export async function distilledInputs({
  model,
  runtime,
  threads,
  batches,
  steps,
  hopeless,
  signal,
  onProgress,
}: DistillRequest): Promise<Distilled | undefined> {
  const [first] = batches;
  if (!first) return undefined;
  const shapes = Object.fromEntries(Object.entries(first).map(([name, { shape }]) => [name, shape]));
  const match = buildStatisticsMatch(model, shapes);
  if (!match) return undefined;
  const program = await runtime.compile(match.model, { threads, signal });
  const found: Descent[] = [];
  try {
    for (const [done, batch] of batches.entries()) {
      found.push(await descend(program, match, batch, steps, signal));
      if (found[0].after > hopeless) break;
      onProgress?.({ task: 'distill inputs', done: done + 1, total: batches.length });
    }
  } finally {
    await program.dispose();
  }
  const mean = (of: (each: Descent) => number) => found.reduce((sum, each) => sum + of(each), 0) / found.length;
  return {
    batches: found.map(({ feeds }) => feeds),
    before: mean(({ before }) => before),
    after: mean(({ after }) => after),
    normalizations: match.normalizations,
    known: [...match.known.keys()],
    begun: () => batches.map((batch) => begin(match, batch).feeds()),
  };
}

interface Descent {
  feeds: Record<string, Tensor>;
  before: number;
  after: number;
}

/** Inputs that have the statistics of the normalizations that read them, as Adam changes them. */
function begin({ gradients, known }: StatisticsMatch, start: Feeds) {
  const changed = [...gradients].map(([input, gradient]) => new Moments(input, gradient, start[input], known.get(input)));
  const others = Object.keys(start).filter((name) => !gradients.has(name));
  const feeds = () => ({
    ...copiesOf(start, others),
    ...Object.fromEntries(changed.map(({ input, values, shape }) => [input, Tensor.of('float32', shape, values.slice())])),
  });
  return { changed, feeds };
}

/**
 * Adam, on a cosine that ends at nothing, from inputs that have the statistics of the normalizations that read them; the best inputs on the way are kept, so that
 * they are never worse than those it was given.
 */
async function descend(program: Program, match: StatisticsMatch, start: Feeds, steps: number, signal?: AbortSignal): Promise<Descent> {
  const { lossOutput } = match;
  const { changed, feeds } = begin(match, start);
  const [before] = (await program.run(copiesOf(start), [lossOutput]))[lossOutput].toFloat32();
  let best: { loss: number; feeds: Record<string, Tensor> } = { loss: before, feeds: copiesOf(start) };
  for (let step = 0; step <= steps; step++) {
    if (signal?.aborted) throw new Stopped('Distilling inputs was stopped');
    const outputs = await program.run(feeds(), [lossOutput, ...match.gradients.values()]);
    const [loss] = outputs[lossOutput].toFloat32();
    if (loss < best.loss) best = { loss, feeds: feeds() };
    const rate = RATE * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    for (const each of changed) each.step(outputs[each.gradient].toFloat32(), rate, step + 1);
  }
  return { feeds: best.feeds, before, after: best.loss };
}

/** One input as Adam changes it. */
class Moments {
  readonly input: string;
  readonly gradient: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  /** Of each number. */
  readonly #deviations: Float32Array;

  /** @param known what the input is made to be before. */
  constructor(input: string, gradient: string, start: Tensor, known?: ChannelStatistics) {
    this.input = input;
    this.gradient = gradient;
    this.shape = start.shape;
    this.values = start.toFloat32().slice();
    this.#first = new Float32Array(this.values.length);
    this.#second = new Float32Array(this.values.length);
    this.#deviations = new Float32Array(this.values.length).fill(momentsOf(this.values).deviation || 1);
    if (known) this.#take(known);
  }

  /** Gives each channel its own mean and deviation. */
  #take({ mean, deviation }: ChannelStatistics): void {
    const inner = sizeOf(this.shape.slice(2));
    const random = new Random('channels that do not vary');
    const channels = Array.from(mean, (): number[] => []);
    for (const i of this.values.keys()) channels[Math.floor(i / inner) % channels.length].push(i);
    for (const [channel, places] of channels.entries()) {
      const drawn = places.map((i) => this.values[i]);
      const numbers = momentsOf(drawn).deviation > 0 ? drawn : drawn.map(() => random.normal());
      const own = momentsOf(numbers);
      places.forEach((i, n) => {
        this.values[i] = mean[channel] + (deviation[channel] * (numbers[n] - own.mean)) / (own.deviation || 1);
        this.#deviations[i] = deviation[channel];
      });
    }
  }

  step(gradient: Float32Array, rate: number, count: number): void {
    const [one, two] = [1 - 0.9 ** count, 1 - 0.999 ** count];
    for (let i = 0; i < gradient.length; i++) {
      this.#first[i] = 0.9 * this.#first[i] + 0.1 * gradient[i];
      this.#second[i] = 0.999 * this.#second[i] + 0.001 * gradient[i] * gradient[i];
      this.values[i] -= (rate * this.#deviations[i] * (this.#first[i] / one)) / (Math.sqrt(this.#second[i] / two) + 1e-12);
    }
  }
}

function momentsOf(values: ArrayLike<number>): { mean: number; deviation: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return { mean, deviation: Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length) };
}
