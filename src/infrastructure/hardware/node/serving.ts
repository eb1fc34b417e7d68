import type { ModelSource, Runtime } from '../../runtime/index.js';
import { checkRequestCounts, type Serving, type ServingRates, withRates } from '../serving.js';
import { quantile } from '../statistics.js';
import { Bench, type BenchOptions, type BenchSettings, benchSettings } from './bench.js';
import { startMemoryMeter } from './memory.js';

export interface ServingOptions extends BenchOptions, ServingRates {
  /** How many requests are answered at a time. Default: 1 and 2. */
  concurrent?: readonly number[];
}

/** Milliseconds of runs that are asked for at once, so that asking takes no time beside them; and most of these runs. */
const TURN = 50;
const MOST_RUNS = 10_000;

/**
 * Serves requests side by side, the fewest first: a program for each, with `threads` threads (default 1), that runs as soon as it is free, all for
 * `minSeconds`. Results of different moments are not comparable on a busy machine.
 * @throws OptionError, RuntimeError; Stopped when aborted.
 */
export async function measureServing(runtime: Runtime, model: ModelSource, options: ServingOptions = {}): Promise<Serving[]> {
  const { concurrent = [1, 2], onProgress } = options;
  checkRequestCounts(concurrent);
  const settings = benchSettings({ threads: 1, ...options });
  const found: Serving[] = [];
  const benches: Bench[] = [];
  // Programs stay for the next number, so that one reading shows what all of them take.
  const { before } = startMemoryMeter()();
  try {
    for (const number of [...new Set(concurrent)].sort((a, b) => a - b)) {
      const readMemory = startMemoryMeter();
      while (benches.length < number) benches.push(await Bench.prepare(runtime, model, settings, options));
      const served = await serve(benches, settings);
      found.push(withRates({ concurrent: number, ...served, memory: readMemory().peak - before }, options));
      onProgress?.({ task: 'serve', done: found.length, total: concurrent.length });
    }
    return found;
  } finally {
    await Promise.all(benches.map((bench) => bench.program.dispose()));
  }
}

async function serve(
  benches: readonly Bench[],
  { runs, minSeconds, batch }: BenchSettings,
): Promise<Pick<Serving, 'throughput' | 'p50' | 'p95'>> {
  const least = Math.ceil(runs / benches.length);
  const start = performance.now();
  const until = start + 1000 * minSeconds;
  const times = await Promise.all(
    benches.map(async (bench) => {
      const own = await bench.time(1);
      // The pace of a run that warmed up says little of those to come.
      while (own.length < least || performance.now() < until) own.push(...(await bench.time(turnOf(quantile(own, 0.5)))));
      return own;
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const all = times.flat();
  return { throughput: (all.length * batch) / seconds, p50: quantile(all, 0.5), p95: quantile(all, 0.95) };
}

/** Runs that are asked for at once. @param pace milliseconds of one. */
function turnOf(pace: number): number {
  return Math.max(1, Math.min(MOST_RUNS, Math.ceil(TURN / pace)));
}
