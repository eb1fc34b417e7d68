import { OptionError } from '../../../base/index.js';
import type { ModelSource, Runtime, Tensors } from '../../runtime/index.js';
import { type Interval, medianInterval, quantile } from '../statistics.js';
import { Bench, type BenchOptions, benchSettings } from './bench.js';

export interface CompareOptions extends BenchOptions {
  /** How often the models take turns. Default 15. */
  rounds?: number;
  /** Seconds that all turns together should take at most: slow models then take fewer turns, though never less than six. Default: no limit. */
  maxSeconds?: number;
  /** Inputs of each model, where they take different ones. Default: `feeds` for all. */
  feedsOfEach?: readonly Tensors[];
}

/** The fewest rounds from which order statistics give an interval of 95%. */
const LEAST_ROUNDS = 6;
/** Milliseconds of a run from which a turn begins without one that does not count: what it would warm is long cold. */
const SLOW = 100;

/** Options of a comparison that takes so many seconds, all models together, and at most so many where they are slow. */
export function withinSeconds(minSeconds: number, maxSeconds: number): CompareOptions {
  return { warmup: 2, runs: 1, minSeconds, maxSeconds };
}

/** A model's latency beside that of the first one. */
export interface Comparison {
  /** Place in the list given. */
  readonly index: number;
  /** Median over all its runs, in milliseconds. */
  readonly p50: number;
  /** Median over the rounds of its time divided by the first model's in the same round: below 1 is faster. */
  readonly ratio: number;
  /** 95% confidence interval of the ratio, from the order statistics of the rounds. */
  readonly interval: Interval;
  /** Whether the interval leaves out 1. */
  readonly differs: boolean;
  readonly runs: number;
}

/**
 * Times several models side by side: they take turns, in an order that is reversed every round (A B, B A, …), so that a drift of the machine
 * hits all alike, and only times of one round are divided by each other. Each turn of a quick model starts with a run that does not count.
 * @throws OptionError, RuntimeError; Stopped when aborted.
 */
export async function compareLatency(
  runtime: Runtime,
  models: readonly ModelSource[],
  options: CompareOptions = {},
): Promise<Comparison[]> {
  const settings = benchSettings(options);
  const { rounds = 15, maxSeconds = Number.POSITIVE_INFINITY, onProgress } = options;
  if (!(Number.isSafeInteger(rounds) && rounds >= LEAST_ROUNDS && rounds <= 10_000)) {
    throw new OptionError({ what: 'Bad number of rounds', where: 'rounds', expected: 'an integer from 6 to 10000', got: String(rounds) });
  }
  if (models.length < 2)
    throw new OptionError({ what: 'Nothing to compare', where: 'models', expected: 'two or more', got: String(models.length) });
  const benches: Bench[] = [];
  try {
    for (const [index, model] of models.entries())
      benches.push(await Bench.prepare(runtime, model, settings, { ...options, feeds: options.feedsOfEach?.[index] ?? options.feeds }));
    const perTurn = benches.map(({ pace }) =>
      Math.ceil(Math.max(settings.runs, (1000 * settings.minSeconds) / benches.length / pace) / rounds),
    );
    const lead = benches.map(({ pace }) => (pace < SLOW ? 1 : 0));
    const perRound = benches.reduce((sum, { pace }, index) => sum + pace * (perTurn[index] + lead[index]), 0);
    const turns = Math.max(LEAST_ROUNDS, Math.min(rounds, Math.floor((1000 * maxSeconds) / perRound)));
    const samples: number[][][] = benches.map(() => []);
    for (let round = 0; round < turns; round++) {
      const order = benches.map((_, index) => index);
      for (const index of round % 2 === 0 ? order : order.reverse()) {
        samples[index].push((await benches[index].time(perTurn[index] + lead[index])).slice(lead[index]));
      }
      onProgress?.({ task: 'compare', done: round + 1, total: turns });
    }
    return summarize(samples);
  } finally {
    await Promise.all(benches.map((bench) => bench.program.dispose()));
  }
}

/** @param samples milliseconds by model, round and run. */
function summarize(samples: readonly (readonly (readonly number[])[])[]): Comparison[] {
  const medians = samples.map((rounds) => rounds.map((times) => quantile(times, 0.5)));
  return samples.map((rounds, index) => {
    const ratios = medians[index].map((median, round) => median / medians[0][round]);
    const interval = medianInterval(ratios);
    const all = rounds.flat();
    return {
      index,
      p50: quantile(all, 0.5),
      ratio: quantile(ratios, 0.5),
      interval,
      differs: interval.low > 1 || interval.high < 1,
      runs: all.length,
    };
  });
}
