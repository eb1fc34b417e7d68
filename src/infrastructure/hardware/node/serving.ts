import { OptionError } from '../../../base/index.js';
import type { ModelSource, Runtime } from '../../runtime/index.js';
import { quantile } from '../statistics.js';
import { Bench, type BenchOptions, benchSettings } from './bench.js';
import { startMemoryMeter } from './memory.js';

export interface ServingOptions extends BenchOptions {
  /** How many requests are answered at a time. Default: 1 and 2. */
  concurrent?: readonly number[];
  /** Watts of the machine while it serves, for the energy of an inference. */
  watts?: number;
  /** What an hour of the machine costs, in any currency, for the cost of a million inferences. */
  pricePerHour?: number;
}

/** How a model serves so many requests at a time. */
export interface Serving {
  readonly concurrent: number;
  /** Samples per second of all requests together. */
  readonly throughput: number;
  /** Milliseconds inside the runtime of one request, while the others run beside it. */
  readonly p50: number;
  readonly p95: number;
  /** Resident memory that was added by all programs and their runs, in bytes. */
  readonly memory: number;
  /** Joules of one sample, and the price of a million, where watts and price are known. */
  readonly joules?: number;
  readonly costPerMillion?: number;
}

/**
 * Serves requests side by side: a program for each, with `threads` threads (default 1), that runs as soon as it is free, all for `minSeconds`. Results
 * of different moments are not comparable on a busy machine.
 * @throws OptionError, RuntimeError; Stopped when aborted.
 */
export async function measureServing(runtime: Runtime, model: ModelSource, options: ServingOptions = {}): Promise<Serving[]> {
  const { concurrent = [1, 2], onProgress } = options;
  for (const number of concurrent) {
    if (!(Number.isSafeInteger(number) && number >= 1 && number <= 256))
      throw new OptionError({
        what: 'Bad number of requests',
        where: 'concurrent',
        expected: 'whole numbers from 1 to 256',
        got: String(number),
      });
  }
  const found: Serving[] = [];
  for (const number of concurrent) {
    found.push(await serve(runtime, model, number, options));
    onProgress?.({ task: 'serve', done: found.length, total: concurrent.length });
  }
  return found;
}

async function serve(runtime: Runtime, model: ModelSource, concurrent: number, options: ServingOptions): Promise<Serving> {
  const settings = benchSettings({ threads: 1, ...options });
  const readMemory = startMemoryMeter();
  const benches: Bench[] = [];
  try {
    while (benches.length < concurrent) benches.push(await Bench.prepare(runtime, model, settings, options));
    // So many runs are asked for at once that asking takes no time beside them.
    const turn = Math.max(1, Math.ceil(50 / benches[0].pace));
    const least = Math.ceil(settings.runs / concurrent / turn);
    const start = performance.now();
    const until = start + 1000 * settings.minSeconds;
    const times = await Promise.all(
      benches.map(async (bench) => {
        const own: number[] = [];
        for (let turns = 0; turns < least || performance.now() < until; turns++) own.push(...(await bench.time(turn)));
        return own;
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    const all = times.flat();
    const throughput = (all.length * settings.batch) / seconds;
    const { watts, pricePerHour } = options;
    return {
      ...{ concurrent, throughput, p50: quantile(all, 0.5), p95: quantile(all, 0.95), memory: readMemory().delta },
      ...(watts !== undefined && { joules: watts / throughput }),
      ...(pricePerHour !== undefined && { costPerMillion: ((pricePerHour / 3600) * 1e6) / throughput }),
    };
  } finally {
    await Promise.all(benches.map((bench) => bench.program.dispose()));
  }
}
