import { type Activity, DataError, OptionError, RuntimeError, UnsupportedError } from '../base/index.js';
import {
  candidatePreprocesses,
  channelStatistics,
  type DataSource,
  type Dataset,
  type ElementType,
  type InputSpec,
  type Preprocess,
  representatives,
  type SplitOptions,
  type Splits,
  splitSource,
} from '../data/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import { type Dim, isFloat, type Model, type Value } from '../onnx/index.js';
import { batchSizeOf, scoresOf } from './evaluate.js';
import { isSigmoid } from './losses.js';
import { classificationReport, smoothedLoss } from './metrics/classification.js';
import type { ClassificationTask, Feed, Task } from './task.js';

export interface TaskOptions {
  /** How stored samples become the model's input: 'auto' tries the usual ways, or one of their names, or the whole specification. Default 'auto'. */
  preprocess?: 'auto' | string | Preprocess;
  /**
   * The model's weights are random yet, so that there is nothing to compare by: the first way that fits is taken, for images the one that
   * standardizes each channel by this data's own statistics, in RGB. Default false.
   */
  untrained?: boolean;
  /** The output that holds the class scores. Default: the float output with as many numbers per sample as there are classes. */
  output?: string;
  /** Score by fidelity to the original model although there are labels. Default false. */
  fidelity?: boolean;
  splits?: SplitOptions;
  /** Training samples that each way of preprocessing is tried on. Default 300. */
  probe?: number;
  /** Threads of the probe. */
  threads?: number;
}

/** A task with an account of how it was set up. */
export interface TaskSetup {
  task: Task;
  /** How the preprocessing was found, for people. */
  explanation: string;
  /**
   * What each way that was tried gave on the probe, best first; empty where nothing had to be tried. `loss` is the log loss of labels that are
   * smoothed a little, so that being far too sure costs as well.
   */
  tried: { name: string; accuracy: number; loss: number }[];
}

/**
 * Fits data to a model: splits it, finds which input and output are meant, and how samples become inputs. With labels the ways of preprocessing
 * are compared by the accuracy that the model reaches on some training samples.
 * @throws DataError where labels do not match the model's outputs or samples cannot become its inputs; OptionError for names that do not exist.
 */
export async function createTask(
  model: Model,
  source: DataSource,
  runtime: Runtime,
  options: TaskOptions = {},
  activity: Activity = {},
): Promise<TaskSetup> {
  const splits = splitSource(source, options.splits);
  const { classes } = source.train;
  const output = classes && !options.fidelity ? scoresOutput(model, classes.length, options.output) : undefined;
  const inputs = model.graph.feeds;
  checkBatchAxis(inputs, model.source);
  const pairs = pairInputs(inputs, source.train.inputs, source.name);
  const make = (feeds: readonly Feed[]): Task =>
    output && classes
      ? { kind: 'classification', name: source.name, splits, feeds, classes, ...output }
      : { kind: 'fidelity', name: source.name, splits, feeds, reference: model, outputs: scoredOutputs(model, options.output) };
  const choices = await Promise.all(pairs.map((pair) => waysFor(pair, splits, options, activity)));
  const first = choices.map((ways, index) => ({ input: pairs[index].input.name, from: pairs[index].spec.name, preprocess: ways[0] }));
  if (!output || choices.every((ways) => ways.length === 1)) {
    const names = first.map((feed) => feed.preprocess.name ?? 'as given').join(', ');
    const why = options.untrained
      ? 'a model that is yet to be trained takes what is usual'
      : choices.every((ways) => ways.length === 1)
        ? 'it was given or is the only one that fits'
        : 'without labels there is nothing to choose by; --preprocess takes another';
    return { task: make(first), explanation: `Preprocessing: ${names}, because ${why}.`, tried: [] };
  }
  return probe(model, make, first, choices, splits.train, runtime, options, activity);
}

interface Pair {
  input: Value;
  spec: InputSpec;
}

/** @throws UnsupportedError where samples cannot lie along the first axis of every input. */
function checkBatchAxis(inputs: readonly Value[], where: string | undefined): void {
  const firsts = inputs.flatMap(({ shape }) => (shape ? [shape[0] as Dim | undefined] : []));
  const sizes = new Set(firsts.filter((dim) => typeof dim === 'number' && (dim !== 1 || firsts.length === 1)));
  const mixed = sizes.size > 1 || (sizes.size === 1 && firsts.some((dim) => !sizes.has(dim)));
  if (!mixed && firsts.every((dim) => dim !== undefined)) return;
  throw new UnsupportedError({
    what: 'The samples of a batch do not lie along the first axis of every input',
    where,
    expected: 'inputs [batch, ...]',
    got: inputs.map(({ name, shape }) => `"${name}" [${shape?.map((dim) => (typeof dim === 'number' ? dim : '?')) ?? '?'}]`).join(', '),
    fix: 'Export the model so that every input, states and settings among them, has its samples first, or with the others as constants.',
  });
}

/** Which stored input feeds which of the model's: by name, or the only one, or in order where the numbers agree. */
function pairInputs(inputs: readonly Value[], stored: readonly InputSpec[], where: string): Pair[] {
  return inputs.map((input, index) => {
    const spec = stored.find((each) => each.name === input.name) ?? (stored.length === inputs.length ? stored[index] : undefined);
    if (spec) return { input, spec };
    throw new DataError({
      what: `Nothing in the data feeds the model's input "${input.name}"`,
      where,
      expected: `${inputs.length} input(s): ${inputs.map((each) => each.name).join(', ')}`,
      got: `${stored.length}: ${stored.map((each) => each.name).join(', ')}`,
      fix: 'Give the inputs as arrays of these names in one .npz file',
    });
  });
}

async function waysFor(
  { input, spec }: Pair,
  splits: Splits,
  { preprocess = 'auto', untrained = false }: TaskOptions,
  activity: Activity,
): Promise<Preprocess[]> {
  if (typeof preprocess === 'object') return [preprocess];
  const statistics =
    spec.kind === 'tensor' ? undefined : await channelStatistics(splits.train, { input: spec.name, atMost: 2000, signal: activity.signal });
  const shape = (input.shape ?? []).map((dim: Dim) => (typeof dim === 'number' ? dim : null));
  const ways = candidatePreprocesses(spec, { shape, type: input.dtype as ElementType | undefined }, statistics);
  const called = (wanted: string) => ways.filter(({ name = '' }) => name === wanted || name.startsWith(`${wanted} `));
  if (preprocess === 'auto') return untrained ? [called('dataset')[0] ?? ways[0]] : ways;
  const named = called(preprocess);
  if (named.length > 0) return untrained ? named.slice(0, 1) : named;
  throw new OptionError({
    what: `There is no preprocessing "${preprocess}" for input "${input.name}"`,
    expected: ways.map((way) => way.name).join('; '),
  });
}

type Scored = Pick<ClassificationTask, 'output' | 'single'>;

/**
 * The float output with one number per class; for two classes also one with a single number.
 * @param wanted its name, where it is known.
 * @throws OptionError for a name that does not exist; DataError where there is no such output.
 */
export function scoresOutput(model: Model, classes: number, wanted?: string): Scored {
  const floats = model.graph.outputs.filter((output) => isFloat(output.dtype) || output.dtype === undefined);
  const scored = (output: Value): Scored =>
    classes === 2 && width(output) === 1
      ? { output: output.name, single: isSigmoid(output) ? 'probability' : 'logit' }
      : { output: output.name };
  if (wanted !== undefined) {
    const found = model.graph.outputs.find((output) => output.name === wanted);
    if (found) return scored(found);
    throw new OptionError({
      what: `The model has no output "${wanted}"`,
      expected: model.graph.outputs.map((output) => output.name).join(', '),
    });
  }
  const exact = floats.filter((output) => (output.shape?.length ?? 0) >= 2 && width(output) === classes);
  if (exact.length > 0) return { output: exact[0].name };
  const single = floats.filter((output) => (output.shape?.length ?? 0) >= 1 && width(output) === 1);
  if (classes === 2 && single.length === 1) return scored(single[0]);
  const open = floats.filter((output) => output.shape === undefined || Number.isNaN(width(output)));
  if (open.length === 1) return { output: open[0].name };
  throw new DataError({
    what: `The data has ${classes} classes, and the model has no output with ${classes} scores`,
    where: model.source,
    got: model.graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: 'Use data with the classes that the model was trained for, or score by fidelity to the original (--fidelity)',
  });
}

/** Numbers per sample; NaN where the shape leaves it open. */
function width({ shape }: Value): number {
  return (shape ?? [Number.NaN]).slice(1).reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : Number.NaN), 1);
}

function scoredOutputs(model: Model, wanted: string | undefined): string[] {
  const floats = model.graph.outputs.filter((output) => isFloat(output.dtype)).map((output) => output.name);
  const chosen = wanted === undefined ? floats : floats.filter((name) => name === wanted);
  if (chosen.length > 0) return chosen;
  throw new OptionError({
    what: wanted === undefined ? 'The model has no floating-point output to score' : `The model has no floating-point output "${wanted}"`,
    where: model.source,
  });
}

/** Share of each label that the probe spreads over all classes. */
const SMOOTHING = 0.01;

/** Tries every way on some training samples. Several inputs are varied one after the other. */
async function probe(
  model: Model,
  make: (feeds: readonly Feed[]) => Task,
  first: readonly Feed[],
  choices: readonly Preprocess[][],
  train: Dataset,
  runtime: Runtime,
  options: TaskOptions,
  activity: Activity,
): Promise<TaskSetup> {
  const dataset = representatives(train, options.probe ?? 300);
  const { signal } = activity;
  const program = await runtime.compile(model, { threads: options.threads, signal });
  const tried: (TaskSetup['tried'][number] & { feeds: Feed[] })[] = [];
  let best: Feed[] = [...first];
  let refusal: unknown;
  try {
    for (const [index, ways] of choices.entries()) {
      for (const [number, preprocess] of ways.entries()) {
        const feeds = best.map((feed, each) => (each === index ? { ...feed, preprocess } : feed));
        const task = make(feeds);
        if (task.kind !== 'classification') continue;
        try {
          const { scores, labels } = await scoresOf(program, task, {
            dataset,
            batchSize: batchSizeOf(model, task, 100),
            options: { signal },
          });
          const { accuracy } = classificationReport(scores, labels);
          const loss = smoothedLoss(scores, labels, SMOOTHING);
          if (!Number.isNaN(loss)) tried.push({ name: preprocess.name ?? 'unnamed', accuracy, loss, feeds });
        } catch (error) {
          // What the runtime refuses is only the wrong way for this model.
          if (!(error instanceof RuntimeError)) throw error;
          refusal ??= error;
        }
        activity.onProgress?.({ task: 'preprocess', done: number + 1, total: ways.length });
      }
      rank(tried, dataset.size);
      if (tried[0]) best = tried[0].feeds;
    }
  } finally {
    await program.dispose();
  }
  const [winner] = tried;
  if (!winner) {
    const got = refusal instanceof Error ? refusal.message : undefined;
    const facts = { what: 'No usual preprocessing runs on this model', where: model.source, got, fix: 'Give one with --preprocess' };
    throw new DataError(facts, { cause: refusal });
  }
  const explanation =
    `Preprocessing: ${best.map((feed) => feed.preprocess.name).join(', ')}, the best of ${tried.length} tried on ${dataset.size} training samples ` +
    `(accuracy ${(100 * winner.accuracy).toFixed(1)}%).`;
  return { task: make(best), explanation, tried: tried.map(({ name, accuracy, loss }) => ({ name, accuracy, loss })) };
}

/**
 * Best first, in place. Accuracies within one standard error of the best say nothing on so few samples: among those the smaller loss decides.
 * A model is surest of itself on inputs like those that it was trained on, but inputs of a hundred times the size make any model a hundred times as
 * sure; hence the smoothing.
 */
function rank(tried: { accuracy: number; loss: number }[], samples: number): void {
  const top = Math.max(...tried.map((each) => each.accuracy));
  const margin = Math.sqrt((top * (1 - top)) / samples) + 1 / samples;
  const close = (each: { accuracy: number }) => Number(each.accuracy >= top - margin);
  tried.sort((a, b) => close(b) - close(a) || (close(a) ? a.loss - b.loss : b.accuracy - a.accuracy));
}
