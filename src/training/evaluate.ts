import { type Activity, DataError, OptionError, Stopped } from '../base/index.js';
import { type Batch, batchCount, batches, type Dataset, representatives } from '../data/index.js';
import type { CompileOptions, Program, Runtime } from '../infrastructure/runtime/index.js';
import type { Dim, Model, Tensor } from '../onnx/index.js';
import { type ClassificationReport, classificationReport, type Scores, wilsonInterval } from './metrics/classification.js';
import { FidelityMeter, type FidelityReport } from './metrics/fidelity.js';
import { type ClassificationTask, type FidelityTask, feedsOf, rowsOf, scoresIn, type Task } from './task.js';

/** How good a model is at a task: one number in which more is better, with everything that was measured. */
export type Quality = {
  /** accuracy or agreement in [0, 1], or r2, at most 1. */
  metric: 'accuracy' | 'agreement' | 'r2';
  value: number;
  /** 95% interval of the value, where the metric has one. */
  interval?: [number, number];
  samples: number;
} & ({ report: ClassificationReport } | { fidelity: FidelityReport });

export interface EvaluateOptions extends Activity, Pick<CompileOptions, 'threads' | 'backend'> {
  /** Which part. Default 'validation'. */
  split?: 'train' | 'calibration' | 'validation' | 'test';
  /** At most this many samples of the part, every class with its share. Default: all. */
  limit?: number;
  /** Samples a run, where the model's inputs leave it open. Default 100. */
  batchSize?: number;
}

/** Measures a model on one part of a task's data through a runtime. Models with a fixed batch size are fed that many samples at a time. */
export async function evaluate(model: Model, task: Task, runtime: Runtime, options: EvaluateOptions = {}): Promise<Quality> {
  const { split = 'validation', limit, batchSize = 100 } = options;
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
  const program = await runtime.compile(model, { threads: options.threads, backend: options.backend, signal: options.signal });
  try {
    const run = { dataset, batchSize: batchSizeOf(model, task, batchSize), options };
    return task.kind === 'classification' ? await classification(program, task, run) : await fidelity(program, task, runtime, run);
  } finally {
    await program.dispose();
  }
}

interface Run {
  dataset: Dataset;
  batchSize: number;
  options: EvaluateOptions;
}

/** The fixed first dimension of the model's inputs, or what was wished where it is open. */
export function batchSizeOf(model: Model, task: Pick<Task, 'feeds'>, wished: number): number {
  const inputs = model.graph.inputs.filter((input) => task.feeds.some((feed) => feed.input === input.name));
  const fixed = inputs.map((input) => input.shape?.[0] as Dim | undefined).filter((dim) => typeof dim === 'number');
  return fixed.length > 0 ? Math.min(...(fixed as number[])) : wished;
}

async function classification(program: Program, task: ClassificationTask, run: Run): Promise<Quality> {
  const { scores, labels } = await scoresOf(program, task, run);
  const report = classificationReport(scores, labels);
  if (Number.isNaN(report.logLoss)) throw noNumbers(task.output);
  return { metric: 'accuracy', value: report.accuracy, interval: report.interval, samples: report.samples, report };
}

/** Runs a classifier over labelled data. */
export async function scoresOf(program: Program, task: ClassificationTask, run: Run): Promise<{ scores: Scores; labels: Int32Array }> {
  const { labels } = run.dataset;
  if (!labels) throw new DataError({ what: 'The data has no labels to score by', where: run.dataset.name });
  const rows: Float32Array[] = [];
  const truth: number[] = [];
  for await (const { batch, outputs } of results(program, task, [task.output], run)) {
    const { rows: scores, width } = scoresIn(outputs[task.output], task);
    rows.push(scores.slice(0, batch.size * width));
    truth.push(...(batch.labels ?? []));
  }
  const data = joinRows(rows);
  return { scores: { size: truth.length, classes: data.length / truth.length, data }, labels: Int32Array.from(truth) };
}

async function fidelity(program: Program, task: FidelityTask, runtime: Runtime, run: Run): Promise<Quality> {
  const meter = new FidelityMeter();
  const reference = await runtime.compile(task.reference, { threads: run.options.threads, signal: run.options.signal });
  try {
    for await (const { batch, outputs, feeds } of results(program, task, task.outputs, run)) {
      const wanted = await reference.run(feeds(), task.outputs);
      for (const name of task.outputs) {
        const ranked =
          task.outputs.length === 1 && (wanted[name].shape.length === 2 || wanted[name].shape.slice(2).every((dim) => dim === 1));
        const { rows, width } = rowsOf(wanted[name]);
        const length = Math.min(rows.length, batch.size * width);
        meter.add(rows.subarray(0, length), rowsOf(outputs[name]).rows.subarray(0, length), width === 0 ? 0 : length / width, ranked, name);
      }
    }
  } finally {
    await reference.dispose();
  }
  const report = meter.report(wilsonInterval);
  if (Number.isNaN(report.r2)) throw noNumbers(task.outputs.join('", "'));
  const ranked = report.agreement !== undefined;
  return {
    metric: ranked ? 'agreement' : 'r2',
    value: report.agreement ?? report.r2,
    interval: report.interval,
    samples: report.samples,
    fidelity: report,
  };
}

/** A model whose outputs overflow or are NaN: they cannot be scored. */
export class NotFinite extends DataError {
  override readonly name: string = 'NotFinite';
}

function noNumbers(output: string): NotFinite {
  return new NotFinite({
    what: 'The model gives values that are no finite numbers',
    where: `output "${output}"`,
    fix: 'Look for NaN and infinities in its weights and in the data, and at the preprocessing.',
  });
}

/** Runs the model batch by batch. A last batch that a fixed batch size cannot take is filled up with its first sample; callers drop those rows. */
async function* results(program: Program, task: Task, outputs: readonly string[], { dataset, batchSize, options }: Run) {
  const count = batchCount(dataset.size, { batchSize });
  let done = 0;
  for await (const batch of batches(dataset, { batchSize, signal: options.signal })) {
    if (options.signal?.aborted) throw new Stopped('The evaluation was stopped');
    const full = batch.size < batchSize ? await padded(dataset, batch, batchSize) : batch;
    const feeds = () => feedsOf(task.feeds, full);
    const computed: Record<string, Tensor> = await program.run(feeds(), outputs);
    done += batch.size;
    options.onProgress?.({ task: 'evaluate', done: Math.ceil(done / batchSize), total: count });
    yield { batch, outputs: computed, feeds };
  }
}

async function padded(dataset: Dataset, batch: Batch, batchSize: number): Promise<Batch> {
  const indices = new Int32Array(batchSize).fill(batch.indices[0]);
  indices.set(batch.indices);
  return dataset.read(indices);
}

function joinRows(rows: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let offset = 0;
  for (const row of rows) {
    whole.set(row, offset);
    offset += row.length;
  }
  return whole;
}
