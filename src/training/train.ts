import { type Activity, DataError, EspalierError, Stopped } from '../base/index.js';
import { type Batch, batchCount, batches, pipeline } from '../data/index.js';
import type { Program, Runtime } from '../infrastructure/runtime/index.js';
import { type Model, staticShape, Tensor } from '../onnx/index.js';
import { evaluate, NotFinite, type Quality } from './evaluate.js';
import { crossEntropy, type LossBuilder, meanSquaredError, TARGETS } from './losses.js';
import { predictions } from './metrics/classification.js';
import { stepScalars } from './optimizers/index.js';
import { type CompleteOptions, completeOptions, type TrainOptions } from './options.js';
import { partsOf } from './parts.js';
import { checkCheckpoint, describe } from './resume.js';
import { balancedView } from './sampling.js';
import { scheduleFactor } from './schedules.js';
import { bufferInput, heldInput, LAST_INPUT } from './state.js';
import { buildTrainingStep, otherInput, SEED_INPUT, type TrainingStep } from './step.js';
import { type Feed, feedsOf, inputShapes, scoresIn, type Task, targetsOf } from './task.js';
import { withWeights } from './weights.js';

/** One epoch. */
export interface EpochRecord {
  epoch: number;
  /** Mean training loss. */
  loss: number;
  /** Training accuracy on the augmented batches, for classification. */
  accuracy?: number;
  /** Validation quality, where it was measured. */
  quality?: number;
  /** Base learning rate times schedule at the epoch's last step. */
  learningRate: number;
}

/** Everything that training needs to go on: made at the end of each epoch. */
export interface Checkpoint {
  /** Epochs done. */
  epoch: number;
  /** What was trained how, as plain JSON: another training does not go on from here. */
  request: Record<string, unknown>;
  history: EpochRecord[];
  state: Record<string, Tensor>;
  /** State of the best epoch, where that is kept. */
  best?: { epoch: number; quality: number; state: Record<string, Tensor> };
}

export interface TrainRequest extends Activity {
  model: Model;
  task: Task;
  runtime: Runtime;
  options?: TrainOptions;
  /** Default: cross entropy for classification, mean squared error to the reference for fidelity. */
  loss?: LossBuilder;
  /** How samples become the inputs of other models in the loss (a teacher's), where that is another way than the task's. Default: as the task's. */
  otherFeeds?: readonly Feed[];
  threads?: number;
  /** Runs QuantizeLinear and DequantizeLinear in floating point, as the gradient assumes. Default false. */
  simulateQuantization?: boolean;
  /** Initializers that `beforeStep` may change, by name; they are not trained. Default: none. */
  held?: readonly string[];
  /** Called before each step; awaited. */
  beforeStep?: (control: StepControl) => void | Promise<void>;
  /** Go on from here. */
  resume?: Checkpoint;
  /** Called after each epoch; awaited. */
  onCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  /** Called after each epoch with its validation quality; true stops the training. */
  onEpoch?: (record: EpochRecord) => boolean | undefined | Promise<boolean | undefined>;
}

/** What the host may see and change between steps. */
export interface StepControl {
  /** Number of the step that comes next, from 0, and of all steps. */
  step: number;
  steps: number;
  /** Copies of the tensors that may change, as they are now. */
  weights(): Promise<Map<string, Tensor>>;
  /** Replaces held initializers. */
  hold(tensors: ReadonlyMap<string, Tensor>): Promise<void>;
}

export interface TrainResult {
  /** A copy of the model with the trained weights; everything else is as it was. */
  model: Model;
  history: EpochRecord[];
  /** Names of the tensors that were trained. */
  parameters: readonly string[];
}

/**
 * Trains a model on a task: the whole step is one ONNX graph, the host feeds batches and reads the loss. The same seed, data and threads give
 * the same weights; going on from a checkpoint gives the same as never having stopped.
 * @throws EspalierError where the loss or the weights are no numbers any more; the last checkpoint is still good. OptionError for options that
 * cannot be used and for a checkpoint of another training; UnsupportedError for a model that cannot be trained; Stopped when the signal is aborted.
 */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const { model, task, runtime } = request;
  const options = completeOptions(request.options ?? {}, model, task);
  const batchSize = options.batchSize / (options.accumulate ?? 1);
  const step = buildTrainingStep(model, {
    batchSize,
    inputShapes: await inputShapes(task, batchSize),
    otherShapes: request.otherFeeds && (await inputShapes({ ...task, feeds: request.otherFeeds }, batchSize)),
    loss: request.loss ?? (task.kind === 'classification' ? crossEntropy(task.output) : meanSquaredError(task.outputs, task.reference)),
    watch: task.kind === 'classification' ? [task.output] : [],
    optimizer: options.optimizer,
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm,
    accumulate: options.accumulate,
    samRadius: options.samRadius,
    ema: options.ema !== undefined,
    freeze: options.freeze,
    freezeDepth: options.freezeDepth,
    rateFactors: options.rateFactors,
    freezeStatistics: options.freezeStatistics,
    held: request.held,
  });
  checkClasses(step, task);
  warnOfBatch(step, batchSize, request);
  if (request.resume) checkCheckpoint(request.resume, step, describe(options, request, step));
  const program = await runtime.compile(step.model, {
    threads: request.threads,
    simulateQuantization: request.simulateQuantization,
    blocked: true,
    resident: step.resident,
    state: request.resume?.state ?? step.state,
    signal: request.signal,
  });
  try {
    return await new Training(request, options, step, program).run();
  } finally {
    await program.dispose();
  }
}

class Training {
  readonly #request: TrainRequest;
  readonly #options: CompleteOptions;
  readonly #step: TrainingStep;
  readonly #program: Program;
  readonly #history: EpochRecord[];
  #best: Checkpoint['best'];

  constructor(request: TrainRequest, options: CompleteOptions, step: TrainingStep, program: Program) {
    this.#request = request;
    this.#options = options;
    this.#step = step;
    this.#program = program;
    this.#history = [...(request.resume?.history ?? [])];
    this.#best = request.resume?.best;
  }

  /** Of the step: other models' inputs have names of their own there. */
  get #otherFeeds(): Feed[] {
    return (this.#request.otherFeeds ?? []).map((feed) => ({ ...feed, input: otherInput(feed.input) }));
  }

  get #stepsPerEpoch(): number {
    return batchCount(this.#request.task.splits.train.size, { batchSize: this.#options.batchSize, dropLast: true });
  }

  async run(): Promise<TrainResult> {
    const { epochs } = this.#options;
    const request = describe(this.#options, this.#request, this.#step);
    for (let epoch = this.#history.length; epoch < epochs && !this.#isStale; epoch++) {
      const record = await this.#epoch(epoch);
      const state = await this.#program.state();
      if (!allFinite(state)) throw this.#diverged('The weights are no finite numbers any more after', epoch);
      await this.#judge(record, state);
      this.#history.push(record);
      await this.#request.onCheckpoint?.({ epoch: epoch + 1, request, history: [...this.#history], state, best: this.#best });
      if ((await this.#request.onEpoch?.(record)) === true) break;
    }
    const state = this.#best && this.#keepsBest ? this.#best.state : await this.#program.state();
    return { model: this.#trained(state), history: this.#history, parameters: this.#step.parameters };
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
    const tally = { loss: 0, hits: 0, done: 0 };
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
      running = this.#run(feeds, batch, epoch, tally).then(() => {
        const facts = { epoch: epoch + 1, loss: tally.loss / tally.done };
        onProgress?.({ task: 'train', done: epoch * steps + tally.done, total, facts });
      });
      // Where the step before fails, that is what is thrown.
      running.catch(() => undefined);
      await before;
    }
    await running;
    const accuracy = task.kind === 'classification' ? tally.hits / (tally.done * batchSize) : undefined;
    return { epoch: epoch + 1, loss: tally.loss / tally.done, accuracy, learningRate };
  }

  async #run(
    parts: readonly Record<string, Tensor>[],
    batch: Batch,
    epoch: number,
    tally: { loss: number; hits: number; done: number },
  ): Promise<void> {
    // The program runs them one after the other.
    const outcomes = await Promise.all(parts.map((feeds) => this.#program.run(feeds)));
    const size = batch.size / parts.length;
    outcomes.forEach((outcome, index) => {
      const loss = outcome[this.#step.lossOutput].numbers()[0];
      if (!Number.isFinite(loss)) throw this.#diverged(`The training loss became ${loss} in step ${tally.done + 1} of`, epoch);
      tally.loss += loss / parts.length;
      tally.hits += this.#hits(outcome, batch.labels?.subarray(index * size, (index + 1) * size));
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
    const samples = feedsOf([...task.feeds, ...this.#otherFeeds], batch);
    if (task.kind === 'classification' && inputs.has(TARGETS)) samples[TARGETS] = targetsOf(batch, task, labelSmoothing);
    const numbers = stepScalars(optimizer, rate, step, ema);
    return partsOf(samples, accumulate).map((part, index) => {
      const feeds = { ...part };
      for (const name of this.#step.scalars) feeds[`espalier.${name}`] = Tensor.scalar('float32', numbers[name] as number);
      feeds[SEED_INPUT] = Tensor.scalar('int64', (seed * 1_000_003 + step * accumulate + index) % 2 ** 31);
      feeds[LAST_INPUT] = Tensor.scalar('bool', Number(index === accumulate - 1));
      return Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.has(name)));
    });
  }

  #hits(outcome: Record<string, Tensor>, labels: Int32Array | undefined): number {
    const { task } = this.#request;
    const [watched] = this.#step.watched;
    if (!watched || !labels || task.kind !== 'classification') return 0;
    const { rows, width } = scoresIn(outcome[watched], task);
    const guesses = predictions({ size: labels.length, classes: width, data: rows });
    return guesses.reduce((sum, guess, i) => sum + Number(guess === labels[i]), 0);
  }

  #diverged(what: string, epoch: number): EspalierError {
    return new EspalierError({
      what: `${what} epoch ${epoch + 1}`,
      fix: `Use a smaller learning rate than ${this.#options.learningRate}, limit the gradients (clipNorm), or look for NaN in the data.`,
    });
  }

  /** Measures the epoch on the validation part, if it is time to. */
  async #judge(record: EpochRecord, state: Record<string, Tensor>): Promise<void> {
    const { evaluateEvery, epochs, evaluateLimit } = this.#options;
    const due = record.epoch === epochs || (evaluateEvery > 0 && record.epoch % evaluateEvery === 0);
    if (!due || this.#request.task.splits.validation.size === 0) return;
    const { task, runtime, threads, signal } = this.#request;
    const measured = evaluate(this.#trained(state), task, runtime, { threads, signal, limit: evaluateLimit });
    const quality: Quality = await measured.catch((error: unknown) => {
      throw error instanceof NotFinite ? this.#diverged('The outputs are no finite numbers any more after', record.epoch - 1) : error;
    });
    record.quality = quality.value;
    if (this.#keepsBest && quality.value > (this.#best?.quality ?? Number.NEGATIVE_INFINITY))
      this.#best = { epoch: record.epoch, quality: quality.value, state };
  }

  /** Whether the last epoch was measured and none of the last `patience` ones was the best. */
  get #isStale(): boolean {
    const { patience } = this.#options;
    const last = this.#history.at(-1);
    return patience !== undefined && this.#best !== undefined && last?.quality !== undefined && last.epoch - this.#best.epoch >= patience;
  }

  #trained(state: Record<string, Tensor>): Model {
    return withWeights(this.#request.model, this.#step.weights(state, this.#options.ema === undefined ? 'current' : 'average'));
  }
}

/** @throws DataError where the model has more or fewer scores than the task has classes: outputs of open width are found out here. */
function checkClasses(step: TrainingStep, task: Task): void {
  const targets = step.model.graph.inputs.find((input) => input.name === TARGETS);
  const scores = staticShape(targets?.shape)?.[1];
  if (task.kind !== 'classification' || scores === undefined) return;
  const wanted = task.single === undefined ? task.classes.length : 1;
  if (scores === wanted) return;
  throw new DataError({
    what: "The model's scores do not fit the classes of the data",
    where: `output "${task.output}"`,
    expected: wanted === 1 ? 'one score a sample' : `${wanted} scores a sample`,
    got: String(scores),
    fix: 'Use data with the classes that the model was made for.',
  });
}

/** Below this, statistics of a batch say little about the data. */
const FEW_SAMPLES = 8;

/** Normalization by the statistics of a few samples undoes what a trained model knows. */
function warnOfBatch({ resident }: TrainingStep, batchSize: number, { onMessage }: TrainRequest): void {
  const normalizes = Object.keys(resident).some((name) => name.startsWith(bufferInput('')));
  if (batchSize >= FEW_SAMPLES || !normalizes) return;
  onMessage?.({
    level: 'warning',
    text: `Batch normalization learns from only ${batchSize} sample(s) at a time. Larger batches are better; freezeStatistics keeps what the model knows.`,
  });
}

function allFinite(state: Record<string, Tensor>): boolean {
  return Object.values(state).every((tensor) => tensor.dtype !== 'float32' || (tensor.data() as Float32Array).every(Number.isFinite));
}
