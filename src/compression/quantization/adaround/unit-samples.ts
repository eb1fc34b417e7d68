import { type Activity, Random, Stopped, sizeOf } from '../../../base/index.js';
import type { Dataset } from '../../../data/index.js';
import type { Program, Runtime, Tensors } from '../../../infrastructure/runtime/index.js';
import { copiesOf, type Model, staticShape } from '../../../onnx/index.js';
import { feedsOf, type Task } from '../../../training/index.js';
import { cutOut } from './cut-out.js';
import type { Unit } from './units.js';

/** A batch as a unit sees it: what it reads, in the model as it is quantized so far, and what it makes of that in the float model. */
export interface UnitBatch {
  readonly inputs: Tensors;
  readonly wanted: Tensors;
}

export interface SamplesRequest extends Pick<Activity, 'signal'> {
  /** The float model, and the same with the weights that are quantized so far: both for exactly `batchSize` samples. */
  original: Model;
  current: Model;
  unit: Unit;
  task: Pick<Task, 'feeds'>;
  dataset: Dataset;
  batchSize: number;
  seed: number;
  runtime: Runtime;
  threads?: number;
  /** Numbers of batches that are held at a time; two batches at least. Default 2^24. */
  mostNumbers?: number;
}

const MOST_NUMBERS = 2 ** 24;
/** Of so many batches one is not learned from, but judged by. */
const JUDGED = 8;

/** Batches of a unit's inputs and outputs, computed when they are asked for: what is held does not grow with the number of samples. */
export class UnitSamples {
  /** Batches to learn from, and how many of them may be held at a time. */
  readonly learned: number;
  readonly held: number;
  readonly #request: SamplesRequest;
  readonly #programs: readonly Program[];
  readonly #order: Int32Array;
  readonly #judged: number;

  private constructor(request: SamplesRequest, programs: readonly Program[]) {
    const { dataset, batchSize, seed, original, unit, mostNumbers = MOST_NUMBERS } = request;
    const all = Math.max(1, Math.floor(dataset.size / batchSize));
    const shapes = new Map([...original.graph.values()].map(({ name, shape }) => [name, staticShape(shape) ?? []]));
    const numbers = [...unit.inputs, ...unit.outputs].reduce((sum, name) => sum + sizeOf(shapes.get(name) ?? []), 0);
    const most = Math.max(1, Math.floor(mostNumbers / Math.max(1, numbers)));
    this.#judged = Math.min(Math.floor(all / JUDGED) || Number(all > 1), Math.max(1, most >> 2));
    this.learned = all - this.#judged;
    this.held = Math.max(1, Math.min(this.learned, most - this.#judged));
    this.#request = request;
    this.#programs = programs;
    this.#order = new Random(seed).fork('samples of units').permutation(dataset.size);
  }

  static async open(request: SamplesRequest): Promise<UnitSamples> {
    const { original, current, unit, runtime, threads, signal } = request;
    const given = new Set(original.graph.inputs.map(({ name }) => name));
    const inner = unit.inputs.filter((name) => !given.has(name));
    const parts = [cutOut(original, [], unit.outputs), ...(inner.length > 0 ? [cutOut(current, [], inner)] : [])];
    const programs: Program[] = [];
    for (const part of parts) programs.push(await runtime.compile(part, { threads, signal }));
    return new UnitSamples(request, programs);
  }

  /** Batches from number `first` on, those to learn from in a circle. */
  async read(first: number, count: number): Promise<UnitBatch[]> {
    const found: UnitBatch[] = [];
    for (let i = 0; i < count; i++) found.push(await this.#batch((first + i) % this.learned));
    return found;
  }

  /** What the unit is judged by: batches that it does not learn from, where there are two or more. */
  async judged(): Promise<UnitBatch[]> {
    const found: UnitBatch[] = [];
    for (let i = 0; i < this.#judged; i++) found.push(await this.#batch(this.learned + i));
    return found.length > 0 ? found : this.read(0, 1);
  }

  async #batch(number: number): Promise<UnitBatch> {
    const { task, dataset, batchSize, unit, signal } = this.#request;
    if (signal?.aborted) throw new Stopped('Learning how to round was stopped');
    const indices = Int32Array.from({ length: batchSize }, (_, i) => this.#order[(number * batchSize + i) % dataset.size]);
    const batch = await dataset.read(indices, signal);
    const [original, current] = this.#programs;
    const feeds = feedsOf(task.feeds, batch);
    const wanted = await original.run(copiesOf(feeds, original.inputs));
    const inner = (await current?.run(copiesOf(feeds, current.inputs))) ?? {};
    return { wanted, inputs: { ...copiesOf(feeds, unit.inputs), ...inner } };
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs) await program.dispose();
  }
}
