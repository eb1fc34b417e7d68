import { EspalierError, Stopped } from '../base/index.js';
import { type Batch, batchCount, batches, pipeline } from '../data/index.js';
import { footprint } from '../infrastructure/hardware/index.js';
import type { Program } from '../infrastructure/runtime/index.js';
import { worth } from '../metrics/index.js';
import { type Model, Tensor } from '../onnx/index.js';
import { dequantize, otherPrecision } from '../ops/index.js';
import { warnOfBatch, warnOfUntrained } from './checks.js';
import { epochProgress } from './epoch-progress.js';
import { evaluate } from './evaluate.js';
import { trainable } from './exposed.js';
import { axesOf, type Feed, feedsOf, inputShapes } from './feeds.js';
import { InputClock, slowInput } from './input-clock.js';
import { stepScalars } from './optimizers/index.js';
import { type CompleteOptions, completeOptions } from './options.js';
import { partsOf } from './parts.js';
import { NotFinite, type Quality } from './quality.js';
import type { Checkpoint, EpochRecord, StepControl, TrainRequest, TrainResult } from './request.js';
import { checkCheckpoint, describe } from './resume.js';
import { balancedView } from './sampling.js';
import { scheduleFactor } from './schedules.js';
import { heldInput, LAST_INPUT } from './state.js';
import { buildTrainingStep, otherInput, SEED_INPUT, type TrainingStep } from './step.js';
import { TimeLeft } from './time-left.js';
import { withWeights } from './weights.js';

/**
 * Trains a model on a task: the whole step is one ONNX graph, the host feeds batches and reads the loss. The same seed, data and threads give
 * the same weights; going on from a checkpoint gives the same as never having stopped.
 * @throws EspalierError where the loss or the weights are no numbers any more; the last checkpoint is still good. OptionError for options that
 * cannot be used and for a checkpoint of another training; UnsupportedError for a model that cannot be trained; Stopped when the signal is aborted.
 */
export async function train(given: TrainRequest): Promise<TrainResult> {
  const request = inFloats(given);
  const options = completeOptions(request.options ?? {}, request.model, request.task);
  const prepared = await prepare(request, options);
  try {
    return await new Training(request, options, prepared).run(prepared.identity);
  } finally {
    await prepared.program.dispose();
  }
}

/** The request with its model in float32: integers have no gradient, and in half precision small gradients are none. */
function inFloats(request: TrainRequest): TrainRequest {
  const precision = otherPrecision(request.model);
  if (!precision) return request;
  request.onMessage?.({
    level: 'warning',
    text: `The model was in ${precision}: it is trained, and written, in float32. Quantize it again afterwards.`,
  });
  return { ...request, model: dequantize(request.model) };
}

/** How many times its beginning, or 1 where it began lower, a loss may be: in the course of a training, and when it is over. */
const DIVERGED = 1000;
const DIVERGED_AT_THE_END = 20;

/** What is needed of a step once it is compiled: neither its graph nor the values that it starts from, which may be large. */
type CompiledStep = Omit<TrainingStep, 'model' | 'state' | 'resident'>;

interface Prepared {
  step: CompiledStep;
  program: Program;
  /** Estimate of the energy of a run of the step's graph, which goes through one part of a batch. */
  microjoules: number;
  /** What makes two trainings the same, for checkpoints. */
  identity: Checkpoint['request'];
}

async function prepare(request: TrainRequest, options: CompleteOptions): Promise<Prepared> {
  const { model, task, runtime } = request;
  const batchSize = options.batchSize / (options.accumulate ?? 1);
  const built = buildTrainingStep(await trainable(model, task, runtime), {
    batchSize,
    inputShapes: await inputShapes(task, batchSize),
    otherShapes: request.otherFeeds && (await inputShapes({ ...task, feeds: request.otherFeeds }, batchSize)),
    loss: request.loss ?? task.loss({ loss: options.loss, balanceClasses: options.balanceClasses }),
    watch: task.hits ? task.outputs : [],
    optimizer: options.optimizer,
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm,
    accumulate: options.accumulate,
    maxMemory: options.maxMemory,
    samRadius: options.samRadius,
    ema: options.ema !== undefined,
    freeze: options.freeze,
    freezeDepth: options.freezeDepth,
    rateFactors: options.rateFactors,
    freezeStatistics: options.freezeStatistics,
    held: request.held,
  });
  warnOfBatch(built, batchSize, request);
  warnOfUntrained(built, request);
  const identity = describe(options, request, built);
  if (request.resume) checkCheckpoint(request.resume, built, identity);
  const { model: graph, state, resident, ...step } = built;
  const program = await runtime.compile(graph, {
    backend: request.backend,
    threads: request.threads,
    simulateQuantization: request.simulateQuantization,
    blocked: true,
    frugal: step.memory !== undefined,
    resident,
    state: request.resume?.state ?? state,
    signal: request.signal,
  });
  return { step, program, microjoules: footprint(graph, { bytes: 0 }).energy.total, identity };
}

class Training {
  readonly #request: TrainRequest;
  readonly #options: CompleteOptions;
  readonly #step: CompiledStep;
  readonly #program: Program;
  readonly #microjoules: number;
  /** How samples become the step's inputs: other models' inputs have names of their own there. */
  readonly #samples: readonly Feed[];
  readonly #history: EpochRecord[];
  readonly #clock = new InputClock();
  readonly #timeLeft: TimeLeft;
  #best: Checkpoint['best'];
  /** Loss of the first step, or of the first epoch where an earlier run began. */
  #firstLoss: number | undefined;

  constructor(request: TrainRequest, options: CompleteOptions, { step, program, microjoules }: Omit<Prepared, 'identity'>) {
    this.#request = request;
    this.#options = options;
    this.#step = step;
    this.#program = program;
    this.#microjoules = microjoules;
    const others = (request.otherFeeds ?? []).map((feed) => ({ ...feed, input: otherInput(feed.input) }));
    this.#samples = [...request.task.feeds, ...others];
    this.#history = [...(request.resume?.history ?? [])];
    this.#best = request.resume?.best;
    this.#firstLoss = this.#history[0]?.loss;
    this.#timeLeft = new TimeLeft(options.epochs);
  }

  get #stepsPerEpoch(): number {
    return batchCount(this.#request.task.splits.train.size, { batchSize: this.#options.batchSize, dropLast: true });
  }

  async run(request: Checkpoint['request']): Promise<TrainResult> {
    const { epochs } = this.#options;
    for (const { quality } of this.#history) if (quality !== undefined) await this.#request.onQuality?.(quality);
    for (let epoch = this.#history.length; epoch < epochs && !this.#isStale; epoch++) {
      const record = await this.#epoch(epoch);
      const state = await this.#program.state();
      if (!allFinite(state)) throw this.#diverged('The weights are no finite numbers any more after', epoch);
      this.#checkLoss(record);
      await this.#judge(record, state);
      this.#history.push(record);
      const { onProgress, task } = this.#request;
      onProgress?.(epochProgress(record, { epochs, steps: this.#stepsPerEpoch, waiting: this.#clock.waiting, metric: task.metric }));
      await this.#request.onCheckpoint?.({ epoch: epoch + 1, request, history: [...this.#history], state, best: this.#best });
      if (record.quality !== undefined) await this.#request.onQuality?.(record.quality);
      if ((await this.#request.onEpoch?.(record)) === true) break;
    }
    const state = this.#best && this.#keepsBest ? this.#best.state : await this.#program.state();
    const { parameters, memory } = this.#step;
    return { model: this.#trained(state), history: this.#history, parameters, memory, waiting: this.#clock.waiting };
  }

  get #keepsBest(): boolean {
    return this.#options.keepBest === true || this.#options.patience !== undefined;
  }

  async #epoch(epoch: number): Promise<EpochRecord> {
    const { options, onProgress, signal, task } = { ...this.#request, options: this.#options };
    const { batchSize, seed, augment } = options;
    const steps = this.#stepsPerEpoch;
    const total = options.epochs * steps;
    const { beforeStep } = this.#request;
    const tally: Tally = { loss: 0, hits: 0, done: 0 };
    let learningRate = 0;
    let started = 0;
    let running: Promise<void> | undefined;
    const transforms = augment.length > 0 ? [pipeline(augment)] : [];
    const train = options.balanced ? balancedView(task.splits.train, seed, epoch) : task.splits.train;
    for await (const batch of batches(train, { batchSize, shuffle: true, seed, epoch, dropLast: true, transforms, signal })) {
      if (signal?.aborted) throw new Stopped('The training was stopped');
      const number = epoch * steps + started++;
      learningRate = options.learningRate * scheduleFactor(options.schedule, number, total);
      const feeds = this.#feeds(batch, number, learningRate);
      if (beforeStep) {
        await running;
        await beforeStep(this.#control(number, total));
      }
      // One step runs while the next batch is prepared and queued behind it.
      const before = running;
      this.#clock.begin();
      running = this.#run(feeds, batch, epoch, tally).then(() => {
        this.#clock.end();
        const facts = { epoch: epoch + 1, loss: tally.loss / tally.done, ...slowInput(this.#clock.waiting) };
        const done = epoch * steps + tally.done;
        const secondsLeft = this.#timeLeft.step(epoch + 1, done, total);
        onProgress?.({ task: 'train', done, total, facts, ...(secondsLeft !== undefined && { secondsLeft }) });
      });
      // Where the step before fails, that is what is thrown.
      running.catch(() => undefined);
      await before;
    }
    await running;
    this.#clock.pause();
    const accuracy = task.hits ? tally.hits / (tally.done * batchSize) : undefined;
    const microjoules = tally.done * (options.accumulate ?? 1) * this.#microjoules;
    return { epoch: epoch + 1, loss: tally.loss / tally.done, accuracy, learningRate, microjoules };
  }

  async #run(parts: readonly Record<string, Tensor>[], batch: Batch, epoch: number, tally: Tally): Promise<void> {
    // The program runs them one after the other.
    const outcomes = await Promise.all(parts.map((feeds) => this.#program.run(feeds)));
    const size = batch.size / parts.length;
    outcomes.forEach((outcome, index) => {
      const loss = outcome[this.#step.lossOutput].numbers()[0];
      if (!Number.isFinite(loss)) throw this.#diverged(`The training loss became ${loss} in step ${tally.done + 1} of`, epoch);
      tally.loss += loss / parts.length;
      this.#firstLoss ??= loss;
      tally.hits += this.#request.task.hits?.(outcome, batch, index * size) ?? 0;
    });
    tally.done++;
  }

  #control(step: number, steps: number): StepControl {
    const program = this.#program;
    return {
      step,
      steps,
      weights: async () => this.#step.weights(await program.state()),
      hold: (tensors) => program.setState(Object.fromEntries([...tensors].map(([name, tensor]) => [heldInput(name), tensor]))),
    };
  }

  /** What to feed for a step, in each of its runs. */
  #feeds(batch: Batch, step: number, rate: number): Record<string, Tensor>[] {
    const { task } = this.#request;
    const { optimizer, labelSmoothing, seed, ema, accumulate = 1 } = this.#options;
    const inputs = new Set(this.#program.inputs);
    const samples = feedsOf(this.#samples, batch);
    Object.assign(samples, task.targets(batch, { smoothing: labelSmoothing }));
    const numbers = stepScalars(optimizer, rate, step, ema);
    return partsOf(samples, accumulate, axesOf(this.#samples)).map((part, index) => {
      const feeds = { ...part };
      for (const name of this.#step.scalars) feeds[`espalier.${name}`] = Tensor.scalar('float32', numbers[name] as number);
      feeds[SEED_INPUT] = Tensor.scalar('uint32', (seed * 1_000_003 + step * accumulate + index) % 2 ** 31);
      feeds[LAST_INPUT] = Tensor.scalar('bool', Number(index === accumulate - 1));
      return Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.has(name)));
    });
  }

  /** A loss may rise for a while and fall again, but one that is many times where it began does not come back, and nothing that ends there has learned. */
  #checkLoss({ epoch, loss }: EpochRecord): void {
    const factor = epoch === this.#options.epochs ? DIVERGED_AT_THE_END : DIVERGED;
    const began = Math.max(1, this.#firstLoss ?? 1);
    if (loss > factor * began)
      throw this.#diverged(`The training diverged: its loss began at ${rounded(began)} and is ${rounded(loss)} after`, epoch - 1);
  }

  #diverged(what: string, epoch: number): EspalierError {
    return new EspalierError({
      what: `${what} epoch ${epoch + 1}`,
      fix: `Use a smaller learning rate than ${this.#options.learningRate}, limit the gradients (clipNorm), or look for NaN in the data.`,
    });
  }

  /** Measures the epoch on the validation part, if it is time to or somebody wants to know. */
  async #judge(record: EpochRecord, state: Record<string, Tensor>): Promise<void> {
    const { evaluateLimit } = this.#options;
    const isDue = this.#isDue(record);
    if ((!isDue && !this.#request.onQuality) || this.#request.task.splits.validation.size === 0) return;
    const { task, runtime, backend, threads, signal } = this.#request;
    const measured = evaluate(this.#trained(state), task, runtime, { backend, threads, signal, limit: evaluateLimit });
    const quality: Quality = await measured.catch((error: unknown) => {
      throw error instanceof NotFinite ? this.#diverged('The outputs are no finite numbers any more after', record.epoch - 1) : error;
    });
    record.quality = quality.value;
    const isBetter = !this.#best || worth(task.metric, quality.value) > worth(task.metric, this.#best.quality);
    // What is only told changes nothing.
    if (isDue && this.#keepsBest && isBetter) this.#best = { epoch: record.epoch, quality: quality.value, state };
  }

  /** Whether the options want an epoch to be measured. */
  #isDue({ epoch }: EpochRecord): boolean {
    const { evaluateEvery, epochs } = this.#options;
    return epoch === epochs || (evaluateEvery > 0 && epoch % evaluateEvery === 0);
  }

  /** Whether the last epoch was measured and none of the last `patience` ones was the best. */
  get #isStale(): boolean {
    const { patience } = this.#options;
    const last = this.#history.at(-1);
    if (patience === undefined || this.#best === undefined || last?.quality === undefined || !this.#isDue(last)) return false;
    return last.epoch - this.#best.epoch >= patience;
  }

  #trained(state: Record<string, Tensor>): Model {
    return withWeights(this.#request.model, this.#step.weights(state, this.#options.ema === undefined ? 'current' : 'average'));
  }
}

interface Tally {
  loss: number;
  hits: number;
  done: number;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function allFinite(state: Record<string, Tensor>): boolean {
  return Object.values(state).every((tensor) => tensor.dtype !== 'float32' || (tensor.data() as Float32Array).every(Number.isFinite));
}
