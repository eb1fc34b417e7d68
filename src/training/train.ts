import { type Activity, EspalierError, OptionError, Stopped } from '../base/index.js';
import { type Augmentation, type Batch, batchCount, batches, pipeline } from '../data/index.js';
import type { Program, Runtime } from '../infrastructure/runtime/index.js';
import { copyModel, type Model, Tensor } from '../onnx/index.js';
import { evaluate, type Quality } from './evaluate.js';
import { crossEntropy, type LossBuilder, meanSquaredError, TARGETS } from './losses.js';
import { predictions } from './metrics/classification.js';
import { type OptimizerSpec, stepScalars } from './optimizers.js';
import { checkSchedule, type Schedule, scheduleFactor } from './schedules.js';
import { buildTrainingStep, heldInput, SEED_INPUT, type TrainingStep } from './step.js';
import { feedsOf, inputShapes, rowsOf, type Task, targetsOf } from './task.js';

/** How to train: plain JSON, so that it can be stored with the model that came of it. */
export interface TrainOptions {
  /** Passes over the training part. At least 1. Default 10. */
  epochs?: number;
  /** Samples a step. Default 128; smaller parts use what they have. */
  batchSize?: number;
  /** Default Adam. */
  optimizer?: OptimizerSpec;
  /** Base learning rate. Default 0.001 for Adam and AdamW, 0.05 for SGD. */
  learningRate?: number;
  /** Default one-cycle. */
  schedule?: Schedule;
  /** Per step, relative to the learning rate, on matrices and kernels only. Default 0. */
  weightDecay?: number;
  /** Limit of the gradients' joint norm. Default: none. */
  clipNorm?: number;
  /** Spread this much of each label over all classes, in [0, 1). Default 0. */
  labelSmoothing?: number;
  /** Factor of a moving average of the weights, in (0, 1), e.g. 0.999; the average is what is kept. Default: none. */
  ema?: number;
  /** Changes to each training batch; see data. Default: none. */
  augment?: readonly Augmentation[];
  /** Initializers that stay as they are. */
  freeze?: readonly string[];
  /** Keep BatchNormalization's statistics as they are. Default false. */
  freezeStatistics?: boolean;
  /** Stop when the validation quality has not improved for this many epochs, and keep the best. Default: never, and keep the last. */
  patience?: number;
  /** Keep the epoch with the best validation quality rather than the last. Default false. */
  keepBest?: boolean;
  /** Measure validation quality every so many epochs (and after the last). 0: only after the last. Default 1. */
  evaluateEvery?: number;
  /** At most this many validation samples between epochs. Default: all. */
  evaluateLimit?: number;
  /** Order of samples, augmentation, dropout. Default 0. */
  seed?: number;
}

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
 * @throws EspalierError where the loss is not a number any more; the last checkpoint is still good.
 */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const { model, task, runtime } = request;
  const options = withDefaults(request.options ?? {}, task);
  const step = buildTrainingStep(model, {
    batchSize: options.batchSize,
    inputShapes: await inputShapes(task, options.batchSize),
    loss: request.loss ?? (task.kind === 'classification' ? crossEntropy(task.output) : meanSquaredError(task.outputs, task.reference)),
    watch: task.kind === 'classification' ? [task.output] : [],
    optimizer: options.optimizer,
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm,
    ema: options.ema,
    freeze: options.freeze,
    freezeStatistics: options.freezeStatistics,
    held: request.held,
  });
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

type Complete = ReturnType<typeof withDefaults>;

function withDefaults(options: TrainOptions, task: Task) {
  const optimizer = options.optimizer ?? { kind: 'adam' as const };
  const complete = {
    epochs: 10,
    schedule: { kind: 'one-cycle' } as Schedule,
    learningRate: optimizer.kind === 'sgd' ? 0.05 : 0.001,
    labelSmoothing: 0,
    augment: [] as readonly Augmentation[],
    evaluateEvery: 1,
    seed: 0,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    optimizer,
    batchSize: Math.min(options.batchSize ?? 128, task.splits.train.size),
  } as Omit<TrainOptions, 'epochs'> &
    Required<
      Pick<
        TrainOptions,
        'epochs' | 'batchSize' | 'optimizer' | 'schedule' | 'learningRate' | 'labelSmoothing' | 'augment' | 'evaluateEvery' | 'seed'
      >
    >;
  checkSchedule(complete.schedule);
  const inside = (name: keyof TrainOptions, ok: boolean, expected: string) => {
    if (!ok)
      throw new OptionError({ what: 'Not a usable value', where: `training option "${name}"`, expected, got: String(options[name]) });
  };
  inside('epochs', Number.isInteger(complete.epochs) && complete.epochs >= 1, 'a whole number, at least 1');
  inside('batchSize', Number.isInteger(complete.batchSize) && complete.batchSize >= 1, 'a whole number, at least 1');
  inside('learningRate', complete.learningRate > 0 && Number.isFinite(complete.learningRate), 'a positive number');
  inside('labelSmoothing', complete.labelSmoothing >= 0 && complete.labelSmoothing < 1, 'a number in [0, 1)');
  inside('ema', complete.ema === undefined || (complete.ema > 0 && complete.ema < 1), 'a number in (0, 1)');
  return complete;
}

class Training {
  readonly #request: TrainRequest;
  readonly #options: Complete;
  readonly #step: TrainingStep;
  readonly #program: Program;
  readonly #history: EpochRecord[];
  #best: Checkpoint['best'];

  constructor(request: TrainRequest, options: Complete, step: TrainingStep, program: Program) {
    this.#request = request;
    this.#options = options;
    this.#step = step;
    this.#program = program;
    this.#history = [...(request.resume?.history ?? [])];
    this.#best = request.resume?.best;
  }

  get #stepsPerEpoch(): number {
    return batchCount(this.#request.task.splits.train.size, { batchSize: this.#options.batchSize, dropLast: true });
  }

  async run(): Promise<TrainResult> {
    const { epochs } = this.#options;
    for (let epoch = this.#history.length; epoch < epochs; epoch++) {
      const record = await this.#epoch(epoch);
      const state = await this.#program.state();
      await this.#judge(record, state);
      this.#history.push(record);
      await this.#request.onCheckpoint?.({ epoch: epoch + 1, history: [...this.#history], state, best: this.#best });
      if ((await this.#request.onEpoch?.(record)) === true || this.#isStale(epoch)) break;
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
    for await (const batch of batches(task.splits.train, { batchSize, shuffle: true, seed, epoch, dropLast: true, transforms, signal })) {
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
    feeds: Record<string, Tensor>,
    batch: Batch,
    epoch: number,
    tally: { loss: number; hits: number; done: number },
  ): Promise<void> {
    const outcome = await this.#program.run(feeds);
    const loss = outcome[this.#step.lossOutput].numbers()[0];
    if (!Number.isFinite(loss)) throw this.#diverged(epoch, tally.done, loss);
    tally.loss += loss;
    tally.hits += this.#hits(outcome, batch);
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

  #feeds(batch: Batch, step: number, rate: number): Record<string, Tensor> {
    const { task } = this.#request;
    const { optimizer, labelSmoothing, seed } = this.#options;
    const feeds = feedsOf(task.feeds, batch);
    const inputs = new Set(this.#program.inputs);
    const numbers = stepScalars(optimizer, rate, step);
    for (const name of this.#step.scalars) feeds[`espalier.${name}`] = Tensor.scalar('float32', numbers[name]);
    if (inputs.has(SEED_INPUT)) feeds[SEED_INPUT] = Tensor.scalar('int64', (seed * 1_000_003 + step) % 2 ** 31);
    if (task.kind === 'classification' && inputs.has(TARGETS)) feeds[TARGETS] = targetsOf(batch, task.classes.length, labelSmoothing);
    return Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.has(name)));
  }

  #hits(outcome: Record<string, Tensor>, batch: Batch): number {
    const [watched] = this.#step.watched;
    if (!watched || !batch.labels) return 0;
    const { rows, width } = rowsOf(outcome[watched]);
    const guesses = predictions({ size: batch.size, classes: width, data: rows });
    return guesses.reduce((sum, guess, i) => sum + Number(guess === batch.labels?.[i]), 0);
  }

  #diverged(epoch: number, step: number, value: number): EspalierError {
    return new EspalierError({
      what: `The training loss became ${value} in epoch ${epoch + 1}, step ${step + 1}`,
      fix: `Use a smaller learning rate than ${this.#options.learningRate}, limit the gradients (clipNorm), or look for NaN in the data.`,
    });
  }

  /** Measures the epoch on the validation part, if it is time to. */
  async #judge(record: EpochRecord, state: Record<string, Tensor>): Promise<void> {
    const { evaluateEvery, epochs, evaluateLimit } = this.#options;
    const due = record.epoch === epochs || (evaluateEvery > 0 && record.epoch % evaluateEvery === 0);
    if (!due || this.#request.task.splits.validation.size === 0) return;
    const { task, runtime, threads, signal } = this.#request;
    const quality: Quality = await evaluate(this.#trained(state), task, runtime, { threads, signal, limit: evaluateLimit });
    record.quality = quality.value;
    if (this.#keepsBest && quality.value > (this.#best?.quality ?? Number.NEGATIVE_INFINITY))
      this.#best = { epoch: record.epoch, quality: quality.value, state };
  }

  #isStale(epoch: number): boolean {
    const { patience } = this.#options;
    return patience !== undefined && this.#best !== undefined && epoch + 1 - this.#best.epoch >= patience;
  }

  #trained(state: Record<string, Tensor>): Model {
    return withWeights(this.#request.model, this.#step.weights(state, this.#options.ema === undefined ? 'current' : 'average'));
  }
}

/** A copy of a model with other contents in the named tensors, be they initializers or Constant nodes. */
export function withWeights(source: Model, weights: ReadonlyMap<string, Tensor>): Model {
  const model = copyModel(source);
  for (const value of model.graph.values()) {
    const tensor = weights.get(value.name);
    if (!tensor) continue;
    if (value.initializer) value.initializer = tensor;
    else if (value.producer?.op === 'Constant') {
      value.producer.attributes.clear();
      value.producer.attributes.set('value', { type: 'tensor', value: tensor });
    }
  }
  return model;
}
