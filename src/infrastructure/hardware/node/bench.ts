import { availableParallelism } from 'node:os';
import { type Activity, OptionError } from '../../../base/index.js';
import { copiesOf, decodeModel, Model } from '../../../onnx/index.js';
import { loadModel } from '../../../onnx/node/index.js';
import type { CompileOptions, ModelSource, Program, Runtime, Tensors } from '../../runtime/index.js';
import { type FeedOptions, makeFeeds } from '../feeds.js';

export interface BenchOptions extends Activity, FeedOptions {
  /** Default 'cpu'. */
  backend?: CompileOptions['backend'];
  /** Threads inside an operator. Default: as many as the process may use. */
  threads?: number;
  /** Runs before the clock starts, per program. Default 5. */
  warmup?: number;
  /** Least number of timed runs. Default 50. */
  runs?: number;
  /** Least time spent in timed runs, in seconds. Default 1. */
  minSeconds?: number;
  /** Inputs to run with; they are copied. Default: made by `makeFeeds` from `seed`, `batch` and `bindings`. */
  feeds?: Tensors;
}

export type BenchSettings = Required<Pick<BenchOptions, 'backend' | 'threads' | 'warmup' | 'runs' | 'minSeconds' | 'batch'>>;

/** The options with their defaults. @throws OptionError for one out of range. */
export function benchSettings(options: BenchOptions): BenchSettings {
  const { backend = 'cpu', threads = availableParallelism(), warmup = 5, runs = 50, minSeconds = 1, batch = 1 } = options;
  for (const [name, value] of Object.entries({ threads, warmup, runs, batch })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new OptionError({ what: `Bad ${name}`, where: name, expected: 'a positive integer', got: String(value) });
    }
  }
  if (!(minSeconds >= 0 && minSeconds <= 3600)) {
    throw new OptionError({ what: 'Bad duration', where: 'minSeconds', expected: 'from 0 to 3600', got: String(minSeconds) });
  }
  return { backend, threads, warmup, runs, minSeconds, batch };
}

/** A program that is warm, with its inputs. */
export class Bench {
  readonly program: Program;
  readonly #feeds: Tensors;
  /** Median milliseconds of a warm-up run. */
  readonly pace: number;
  /** Milliseconds that compiling took. */
  readonly load: number;

  private constructor(program: Program, feeds: Tensors, pace: number, load: number) {
    this.program = program;
    this.#feeds = feeds;
    this.pace = pace;
    this.load = load;
  }

  static async prepare(runtime: Runtime, source: ModelSource, settings: BenchSettings, options: BenchOptions): Promise<Bench> {
    const feeds = options.feeds ?? makeFeeds(modelOf(source), options);
    const { backend, threads, warmup } = settings;
    const start = performance.now();
    const program = await runtime.compile(source, { backend, threads, signal: options.signal });
    const load = performance.now() - start;
    try {
      const times = (await program.time(copiesOf(feeds), warmup)).map(({ milliseconds }) => milliseconds);
      return new Bench(program, feeds, Math.max(times.sort((a, b) => a - b)[times.length >> 1], 1e-3), load);
    } catch (cause) {
      await program.dispose();
      throw cause;
    }
  }

  /** Milliseconds of `times` runs. */
  async time(times: number): Promise<number[]> {
    return (await this.program.time(copiesOf(this.#feeds), times)).map(({ milliseconds }) => milliseconds);
  }
}

function modelOf(source: ModelSource): Model {
  if (source instanceof Model) return source;
  return source instanceof Uint8Array ? decodeModel(source) : loadModel(source.path);
}
