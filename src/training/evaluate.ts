import { type Activity, DataError, OptionError, Stopped } from '../base/index.js';
import { type Batch, batchCount, batches, type Dataset, representatives } from '../data/index.js';
import type { CompileOptions, Program, Runtime } from '../infrastructure/runtime/index.js';
import type { Answers } from '../metrics/index.js';
import type { Model } from '../onnx/index.js';
import { affordableBatch, batchSizeOf } from './batch-size.js';
import { exposed } from './exposed.js';
import { feedsOf } from './feeds.js';
import { judge, type Quality } from './quality.js';
import { ordered, Reference } from './reference.js';
import type { Task } from './tasks/task.js';

export interface EvaluateOptions extends Activity, Pick<CompileOptions, 'threads' | 'backend'> {
  /** Which part. Default 'validation'. */
  split?: 'train' | 'calibration' | 'validation' | 'test';
  /** At most this many samples of the part, every class with its share. Default: all. */
  limit?: number;
  /** Samples a run, where the model's inputs leave it open. Default: at most 100, fewer where activations are large; see `affordableBatch`. */
  batchSize?: number;
  /** Answers of the original model on the same samples: the quality then states how far the model agrees with it. Default: none. */
  original?: Answers;
  /** The task's reference, for several evaluations on the same samples. Default: it is compiled for this one alone. */
  reference?: Reference;
}

/**
 * Measures a model on one part of a task's data through a runtime. Models with a fixed batch size are fed that many samples at a time.
 * @throws NotFinite where the model's outputs are no finite numbers; DataError where the part is empty.
 */
export async function evaluate(model: Model, task: Task, runtime: Runtime, options: EvaluateOptions = {}): Promise<Quality> {
  return judge(task, await answersOf(model, task, runtime, options), options.original);
}

/** What a model answers on one part of a task's data; see `evaluate`. */
export async function answersOf(model: Model, task: Task, runtime: Runtime, options: EvaluateOptions = {}): Promise<Answers> {
  const { split = 'validation', limit, batchSize } = options;
  const part = task.splits[split];
  if (part.size === 0) throw new DataError({ what: `The ${split} part is empty: there is nothing to measure on`, where: part.name });
  for (const [name, value] of Object.entries({ limit, batchSize })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new OptionError({
      what: 'Not a usable value',
      where: `evaluation option "${name}"`,
      expected: 'a whole number, at least 1',
      got: String(value),
    });
  }
  const dataset = representatives(part, limit ?? part.size);
  const seen = exposed(model, task);
  const size = batchSize === undefined ? await affordableBatch(seen, task, { wished: 100, split }) : batchSizeOf(seen, task, batchSize);
  const program = await runtime.compile(seen, { threads: options.threads, backend: options.backend, signal: options.signal });
  try {
    return await collectAnswers(program, task, { dataset, batchSize: size, runtime, options });
  } finally {
    await program.dispose();
  }
}

interface Run {
  dataset: Dataset;
  batchSize: number;
  /** Runs the reference, for tasks that have one. */
  runtime: Runtime;
  options: EvaluateOptions;
}

/** Runs a compiled model over data and collects what it answers. @param program of the exposed model. */
export async function collectAnswers(program: Program, task: Task, run: Run): Promise<Answers> {
  const { runtime, options } = run;
  const collector = task.collect();
  const reference = options.reference ?? (await Reference.of(task, runtime, options));
  try {
    for await (const { batch, full, outputs, feeds } of results(program, task, run))
      collector.add(batch, outputs, await reference?.outputsFor(full, feeds));
  } finally {
    if (reference !== options.reference) await reference?.dispose();
  }
  return collector.answers();
}

/** Runs the model batch by batch. A last batch that a fixed batch size cannot take is filled up with its first sample; collectors drop those rows. */
async function* results(program: Program, task: Task, { dataset, batchSize, options }: Run) {
  const count = batchCount(dataset.size, { batchSize });
  let done = 0;
  for await (const batch of batches(dataset, { batchSize, signal: options.signal })) {
    if (options.signal?.aborted) throw new Stopped('The evaluation was stopped');
    const full = batch.size < batchSize ? await padded(dataset, batch, batchSize) : batch;
    const feeds = () => feedsOf(task.feeds, full);
    const computed = ordered(await program.run(feeds(), task.outputs), task);
    done += batch.size;
    options.onProgress?.({ task: 'evaluate', done: Math.ceil(done / batchSize), total: count });
    yield { batch, full, outputs: computed, feeds };
  }
}

async function padded(dataset: Dataset, batch: Batch, batchSize: number): Promise<Batch> {
  const indices = new Int32Array(batchSize).fill(batch.indices[0]);
  indices.set(batch.indices);
  return dataset.read(indices);
}
