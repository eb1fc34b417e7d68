import { prepare } from '../../../autodiff/index.js';
import { type Activity, attempted, DataError, type EspalierError } from '../../../base/index.js';
import { type Dataset, representatives } from '../../../data/index.js';
import { footprint } from '../../../infrastructure/hardware/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { type Model, Tensor, type Value } from '../../../onnx/index.js';
import { affordableBatch, feedsOf, type Task } from '../../../training/index.js';
import { cutOut, setContents } from './cut-out.js';
import { Judge, type UnitErrors } from './judge.js';
import { learnUnit } from './learn-unit.js';
import type { Between } from './soft-rounding.js';
import { UnitSamples } from './unit-samples.js';
import { layerUnit, type Unit, unitsOf } from './units.js';

/** The ways to round a weight. All numbers are in the order of its own axes. */
export interface Roundable {
  readonly between: Between;
  /** What it can be without learning: its numbers. The first is the one that learning is measured by. */
  readonly others: readonly Float32Array[];
}

/** What a weight becomes: by number the lower (0) or the upper (1) neighbour, or one of the ways without learning. */
export type Choice = { readonly upper: Uint8Array } | { readonly other: number };

export interface AdaroundRequest extends Activity {
  /** A float model that is ready to be written. */
  model: Model;
  /** What is learned, by the names of initializers; each is asked for when its turn comes. */
  weights: ReadonlyMap<string, () => Roundable>;
  /** What other weights become, by name: they are not learned. */
  settled: ReadonlyMap<string, Float32Array>;
  task: Pick<Task, 'feeds' | 'splits'>;
  /** At most so many samples of the calibration part, which needs no targets. */
  samples: number;
  /** Steps of learning, for each unit. */
  steps: number;
  seed: number;
  runtime: Runtime;
  threads?: number;
}

/** What became of some weights that were rounded together. */
export interface UnitReport {
  readonly weights: readonly string[];
  /** Mean square of what they make off the float model's, over that of the float model's: by the first way without learning, and by the choice. */
  readonly errors: readonly [first: number, chosen: number];
  readonly isLearned: boolean;
}

export interface AdaroundResult {
  /** By weight. Those that could not be learned are missing. */
  readonly choices: ReadonlyMap<string, Choice>;
  readonly reports: readonly UnitReport[];
  /** Why a weight could not be learned. */
  readonly failures: ReadonlyMap<string, EspalierError>;
}

/** Samples of a batch. */
const BATCH_SIZE = 32;
/** Batches that learning sees of few samples, at least. */
const FEWEST_BATCHES = 8;

/**
 * Chooses how each weight is rounded, so that what its unit (a layer, a residual block, an attention block) makes of its inputs in the model as it is quantized
 * so far stays near what it makes in the float model: unit by unit, first to last (AdaRound, Nagel et al. 2020, arXiv 2004.10568). Of what was learned and the ways
 * without learning, each unit keeps what errs least on batches that it did not learn from. Memory does not grow with the number of samples.
 * @throws DataError where there is nothing to look at; Stopped when aborted.
 */
export async function adaround(request: AdaroundRequest): Promise<AdaroundResult> {
  const { model, task, settled } = request;
  const whole = task.splits.calibration;
  if (whole.size === 0)
    throw new DataError({ what: 'There is no sample to learn from', where: whole.name, fix: 'Give a larger calibration share' });
  const dataset = representatives(whole, request.samples);
  const wished = Math.max(1, Math.min(BATCH_SIZE, Math.floor(dataset.size / FEWEST_BATCHES)));
  const batchSize = await affordableBatch(model, task, { wished, split: 'calibration' });
  const sample = feedsOf(task.feeds, await dataset.read(Int32Array.from({ length: batchSize }, (_, i) => i % dataset.size)));
  const inputShapes = Object.fromEntries(Object.entries(sample).map(([name, { shape }]) => [name, shape]));
  const [original, current] = [prepare(model, { inputShapes }).model, prepare(model, { inputShapes }).model];
  original.graph.sort();
  const rounds = { ...request, weights: sameIn(original, model, request.weights), settled: sameIn(original, model, settled) };
  setContents(current, rounds.settled);
  return new Rounds({ ...rounds, original, current, dataset, batchSize }).run();
}

/** What is for initializers that have the same shape in two models. */
function sameIn<T>(a: Model, b: Model, given: ReadonlyMap<string, T>): Map<string, T> {
  const [first, second] = [a, b].map(({ graph }) => new Map([...graph.initializers].map((value) => [value.name, String(value.shape)])));
  return new Map([...given].filter(([name]) => first.has(name) && first.get(name) === second.get(name)));
}

interface RoundsRequest extends AdaroundRequest {
  original: Model;
  current: Model;
  dataset: Dataset;
  batchSize: number;
}

interface Judged {
  readonly choices: readonly Choice[];
  readonly errors: UnitErrors;
  readonly isLearned: boolean;
}

class Rounds {
  readonly #request: RoundsRequest;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #choices = new Map<string, Choice>();
  readonly #reports: UnitReport[] = [];
  readonly #failures = new Map<string, EspalierError>();
  #done = 0;
  #total = 0;

  constructor(request: RoundsRequest) {
    this.#request = request;
    this.#values = new Map([...request.original.graph.initializers].map((value) => [value.name, value]));
  }

  async run(): Promise<AdaroundResult> {
    const { original, weights, settled, steps } = this.#request;
    const known = [...this.#values.values()];
    const learned = new Set(known.filter(({ name }) => weights.has(name)));
    const others = known.filter(({ name }) => settled.has(name));
    const units = unitsOf(original.graph, learned, others).map((unit) => ({ unit, cost: this.#costOf(unit) }));
    this.#total = units.reduce((sum, { cost }) => sum + steps * cost, 0);
    let end = 0;
    for (const { unit, cost } of units) {
      // Where a whole block has no gradient, its layers have.
      const alone = () => unit.weights.map((name) => layerUnit(original.graph, this.#values.get(name) as Value));
      const whole = await attempted(
        () => this.#unit(unit, cost),
        () => 'failed' as const,
      );
      if (whole === 'failed') for (const each of alone()) await this.#layer(each, cost / unit.weights.length);
      end += steps * cost;
      this.#done = end;
    }
    return { choices: this.#choices, reports: this.#reports, failures: this.#failures };
  }

  async #layer(unit: Unit, cost: number): Promise<void> {
    await attempted(
      () => this.#unit(unit, cost),
      (error) => void this.#failures.set(unit.weights[0], error),
    );
  }

  /** How long a step takes, in multiply-accumulates: it goes forward, and back for inputs and for weights. */
  #costOf(unit: Unit): number {
    const model = cutOut(this.#request.original, unit.inputs, unit.outputs);
    const numbers = unit.weights.reduce((sum, name) => sum + (this.#values.get(name)?.initializer?.size ?? 0), 0);
    return OVERHEAD + 3 * footprint(model, { bytes: 0 }).macs + WORK_OF_WEIGHT * numbers;
  }

  async #unit(unit: Unit, cost: number): Promise<void> {
    const { original, current, weights: all, dataset, batchSize, task, seed, runtime, threads, signal } = this.#request;
    const common = { seed, runtime, threads, signal };
    const weights = unit.weights.map((name) => (all.get(name) as () => Roundable)());
    const samples = await UnitSamples.open({ ...common, original, current, unit, task, dataset, batchSize });
    let judge: Judge | undefined;
    try {
      const model = cutOut(original, unit.inputs, unit.outputs);
      judge = await Judge.open(model, new Set(unit.weights), await samples.judged(), common);
      const judged = await this.#candidates(weights, judge, (first) => {
        const { steps, onProgress } = this.#request;
        const scales = new Map([...first.squares].map(([name, square]) => [name, first.squares.size * square || 1]));
        const onStep = () => {
          this.#done += cost;
          onProgress?.({ task: 'adaround', done: this.#done, total: this.#total, facts: { block: this.#reports.length + 1 } });
        };
        return learnUnit({ ...common, model, weights: weights.map(({ between }) => between), samples, scales, steps, batchSize, onStep });
      });
      const best = judged.reduce((least, each) => (each.errors.relative < least.errors.relative ? each : least));
      const errors = [judged[0].errors.relative, best.errors.relative] as const;
      this.#reports.push({ weights: unit.weights, errors, isLearned: best.isLearned });
      for (const [i, name] of unit.weights.entries()) this.#choices.set(name, best.choices[i]);
      setContents(current, new Map(unit.weights.map((name, i) => [name, numbersOf(weights[i], best.choices[i])])));
    } finally {
      await judge?.dispose();
      await samples.dispose();
    }
  }

  /** The ways without learning, then what was learned, where there is an error to learn from. */
  async #candidates(
    weights: readonly Roundable[],
    judge: Judge,
    learn: (first: UnitErrors) => Promise<Map<string, Uint8Array>>,
  ): Promise<Judged[]> {
    const judgedBy = async (choices: readonly Choice[], isLearned: boolean): Promise<Judged> => {
      const tensors = weights.map((weight, i) => [weight.between.name, this.#tensor(weight, choices[i])] as const);
      return { choices, isLearned, errors: await judge.errors(new Map(tensors)) };
    };
    const judged: Judged[] = [];
    for (const other of weights[0].others.keys())
      judged.push(
        await judgedBy(
          weights.map(() => ({ other })),
          false,
        ),
      );
    if (judged[0].errors.relative > 0) {
      const learned = await learn(judged[0].errors);
      const choices = weights.map(({ between }): Choice => ({ upper: learned.get(between.name) as Uint8Array }));
      judged.push(await judgedBy(choices, true));
    }
    return judged;
  }

  #tensor(weight: Roundable, choice: Choice): Tensor {
    const shape = this.#values.get(weight.between.name)?.initializer?.shape ?? [];
    return Tensor.of('float32', shape, numbersOf(weight, choice));
  }
}

/** Multiply-accumulates that take as long as what a step needs beside its arithmetic, and as the optimizer's work on one weight. */
const OVERHEAD = 2e6;
const WORK_OF_WEIGHT = 100;

/** The numbers that a choice stands for. */
export function numbersOf({ between: { lower, gap }, others }: Roundable, choice: Choice): Float32Array {
  return 'other' in choice ? others[choice.other] : lower.map((number, i) => number + choice.upper[i] * gap[i]);
}
