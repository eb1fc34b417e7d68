import { z } from 'zod';
import { type Activity, Stopped } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { answersOf, type Task, train } from '../../training/index.js';
import { checked } from '../results/schema.js';

/** How fast a model is on this machine, in seconds. */
export interface Pace {
  /** Of one sample, answered. */
  forward: number;
  /** Of one sample in a training step; absent where the model cannot be trained. */
  training?: number;
  /** Of making a training step ready. */
  setup: number;
}

const pace = z.object({ forward: z.number().min(0), training: z.number().min(0).optional(), setup: z.number().min(0) });

/** @throws FormatError where it is damaged. */
export function parsePace(recorded: unknown): Pace {
  return checked<Pace>(pace, recorded, "what the journal has of the model's pace");
}

/** What a pace is measured with. */
export interface PaceNeeds extends Pick<Activity, 'signal'> {
  model: Model;
  task: Task;
  runtime: Runtime;
  threads: number;
  isTrainable: boolean;
  /** Samples of a training step. Default: as trainings have it. */
  batchSize?: number;
  /** Seconds that each of the two measurements may take, once what is timed is compiled. */
  most: number;
}

/** So many steps are timed at most, and one before them that is not: it allocates what the others find. */
const STEPS = 24;
/** Samples that are answered at most. */
const SAMPLES = 512;

/** Times a model on samples of the validation part, and a few steps of a training on the training part, which are thrown away. */
export async function paceOf({ isTrainable, ...needs }: PaceNeeds): Promise<Pace> {
  const forward = await timeForward(needs);
  return { forward, setup: 0, ...(isTrainable && (await timeTraining(needs))) };
}

async function timeForward({ model, task, runtime, threads, signal, most }: Omit<PaceNeeds, 'isTrainable'>): Promise<number> {
  const watch = new Watch(most, signal);
  const limit = Math.min(SAMPLES, task.splits.validation.size || 1);
  const split = task.splits.validation.size > 0 ? 'validation' : 'calibration';
  let batches = 1;
  const onProgress = ({ total = 1 }: { total?: number }) => {
    batches = total;
    watch.lap();
  };
  await watch.run(() => answersOf(model, task, runtime, { split, limit, threads, signal: watch.signal, onProgress }));
  // With one batch alone, what it took to compile the model counts.
  return watch.lapSeconds / (limit / batches);
}

async function timeTraining(needs: Omit<PaceNeeds, 'isTrainable'>): Promise<Pick<Pace, 'training' | 'setup'>> {
  const { model, task, runtime, threads, signal, most, batchSize = 128 } = needs;
  const watch = new Watch(most, signal);
  const size = Math.min(batchSize, task.splits.train.size);
  const options = { epochs: 1 + STEPS, batchSize: size, learningRate: 1e-6, evaluateEvery: 0, keepBest: false };
  const beforeStep = () => {
    watch.lap();
    if (watch.laps > 1 + STEPS) watch.end();
  };
  await watch.run(() => train({ model, task, runtime, threads, options, beforeStep, signal: watch.signal }));
  return { training: watch.lapSeconds / size, setup: watch.firstSeconds };
}

/** Times what repeats, until it has taken too long. */
class Watch {
  readonly #controller = new AbortController();
  readonly #began = performance.now();
  readonly #times: number[] = [];
  readonly #most: number;
  readonly #outer: AbortSignal | undefined;

  constructor(most: number, outer: AbortSignal | undefined) {
    this.#most = most;
    this.#outer = outer;
  }

  get signal(): AbortSignal {
    return this.#outer ? AbortSignal.any([this.#outer, this.#controller.signal]) : this.#controller.signal;
  }

  get laps(): number {
    return this.#times.length;
  }

  lap(): void {
    this.#times.push(performance.now());
    // The first lap is compiled before, and the second is slower than others; four are the fewest that say anything.
    if (this.laps > 5 && performance.now() - this.#times[0] > 1000 * this.#most) this.end();
  }

  end(): void {
    this.#controller.abort();
  }

  /** Seconds to the first lap. */
  get firstSeconds(): number {
    return ((this.#times[0] ?? performance.now()) - this.#began) / 1000;
  }

  /** Seconds of a lap: the median of those after the first, where there are any. */
  get lapSeconds(): number {
    const times = this.#times.length > 1 ? this.#times : [this.#began, ...this.#times, performance.now()].slice(0, 2);
    const laps = times.slice(1).map((time, i) => (time - times[i]) / 1000);
    const settled = (laps.length > 1 ? laps.slice(1) : laps).sort((a, b) => a - b);
    return settled[(settled.length - 1) >> 1];
  }

  /** Works until it is done or was timed for long enough. */
  async run(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Stopped) || this.#outer?.aborted) throw error;
    }
  }
}
