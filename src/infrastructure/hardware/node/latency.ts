import { mean, OptionError } from '../../../base/index.js';
import type { ModelSource, Runtime } from '../../runtime/index.js';
import { coefficientOfVariation, quantile } from '../statistics.js';
import { Bench, type BenchOptions, benchSettings } from './bench.js';
import { type ResidentMemory, startMemoryMeter } from './memory.js';

export interface LatencyOptions extends BenchOptions {
  /** Parts that the timed runs are split into, to tell noise. Default 5. */
  blocks?: number;
}

/** Times are in milliseconds of one run of the whole batch, inside the runtime. */
export interface Latency {
  readonly runtime: string;
  readonly backend: string;
  readonly threads: number;
  readonly batch: number;
  readonly runs: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
  readonly min: number;
  /** Samples per second, by the mean. */
  readonly throughput: number;
  /** Median of each block, and the coefficient of variation of these: above 0.05 the machine is noisy. */
  readonly blocks: readonly number[];
  readonly noise: number;
  /** Milliseconds from the model to a program that can run. */
  readonly load: number;
  /** Resident memory of the process from before loading to the end. */
  readonly memory: ResidentMemory;
}

/**
 * Measures how long a model takes, after a warm-up. For two models side by side use `compareLatency`: times of different moments are not
 * comparable on a busy machine.
 * @throws OptionError, RuntimeError; Stopped when aborted.
 */
export async function measureLatency(runtime: Runtime, model: ModelSource, options: LatencyOptions = {}): Promise<Latency> {
  const settings = benchSettings(options);
  const { blocks = 5, onProgress } = options;
  if (!(Number.isSafeInteger(blocks) && blocks >= 1 && blocks <= 1000)) {
    throw new OptionError({ what: 'Bad number of blocks', where: 'blocks', expected: 'an integer from 1 to 1000', got: String(blocks) });
  }
  const readMemory = startMemoryMeter();
  const bench = await Bench.prepare(runtime, model, settings, options);
  try {
    const perBlock = Math.ceil(Math.max(settings.runs, (1000 * settings.minSeconds) / bench.pace) / blocks);
    const samples: number[][] = [];
    while (samples.length < blocks) {
      samples.push(await bench.time(perBlock));
      onProgress?.({ task: 'bench', done: samples.length, total: blocks });
    }
    const all = samples.flat();
    const medians = samples.map((block) => quantile(block, 0.5));
    const { backend, threads, batch } = settings;
    return {
      runtime: runtime.name,
      backend,
      threads,
      batch,
      runs: all.length,
      p50: quantile(all, 0.5),
      p95: quantile(all, 0.95),
      p99: quantile(all, 0.99),
      mean: mean(all),
      min: quantile(all, 0),
      throughput: (1000 * batch) / mean(all),
      blocks: medians,
      noise: coefficientOfVariation(medians),
      load: bench.load,
      memory: readMemory(),
    };
  } finally {
    await bench.program.dispose();
  }
}
