import { type Activity, lookup, OptionError } from '../../base/index.js';
import { channelStatistics, type DataSource, type ElementType, type Preprocess, type Splits, splitSource } from '../../data/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Dim, Model } from '../../onnx/index.js';
import { type Feed, findGoal, type Task } from '../../training/index.js';
import { modalityOf } from '../registry.js';
import { classOrders, withOrder } from './class-orders.js';
import { type InputPair, pairInputs, requireBatchAxes } from './inputs.js';
import { likelyOf } from './likely.js';
import { outputAxes } from './output-axes.js';
import { probe, type Tried } from './probe.js';
import { problemOf } from './problem-type.js';
import type { TaskOptions } from './task-options.js';
import { preprocessesFor } from './ways.js';

/** A task with an account of how it was set up. */
export interface TaskSetup {
  task: Task;
  /** Which task it is and why, and how the preprocessing and the order of the classes were found, for people: one sentence each. */
  explanation: string;
  /** What each way that was tried gave on the probe, best first; empty where nothing had to be tried. */
  tried: Tried[];
}

/**
 * Fits data to a model: splits it, finds out what the task is, which input and output are meant, and how samples become inputs. With targets the ways of
 * preprocessing, and the orders that the classes may be in, are compared by how good the model is with each on some training samples.
 * @throws DataError where targets do not match the model's outputs or samples cannot become its inputs; OptionError for names that do not exist.
 */
export async function createTask(
  model: Model,
  source: DataSource,
  runtime: Runtime,
  options: TaskOptions = {},
  activity: Activity = {},
): Promise<TaskSetup> {
  const whole = splitSource(source, options.splits);
  const problem = options.task !== undefined || options.fidelity ? undefined : problemOf(model, whole);
  const meant = problem ? { ...options, task: problem.task } : options;
  const { goal, splits, reason } = await findGoal({ model, splits: problem?.splits ?? whole, options: meant, runtime });
  const inputs = model.graph.feeds;
  const axes = requireBatchAxes(inputs, model.source);
  const pairs = pairInputs(inputs, source.train.inputs, source.name);
  const likely = likelyOf(model);
  const choices = await Promise.all(
    pairs.map((pair) => waysFor(pair, axes.get(pair.input.name) ?? null, splits, lookup(likely, pair.input.name) ?? [], options, activity)),
  );
  const first = choices.map((ways, index) => ({
    input: pairs[index].input.name,
    from: pairs[index].spec.name,
    preprocess: ways[0],
    ...placeOf(axes.get(pairs[index].input.name)),
  }));
  const placed: Task = { ...goal, name: source.name, splits, feeds: first };
  const task = { ...placed, ...(await outputAxes(model, placed, runtime)) };
  const what = `Task: ${goal.title}, because ${problem?.reason ?? reason}.`;
  const isOnlyWay = choices.every((ways) => ways.length === 1);
  const orders = options.classesGiven || options.untrained ? [] : classOrders(model, task);
  if (goal.reference || options.untrained || (isOnlyWay && orders.length < 2)) {
    const ordered = orders.length === 1 ? withOrder(task, orders[0]) : task;
    return { task: ordered, explanation: `${what} ${untried(first, options, isOnlyWay)}`, tried: [] };
  }
  const found = await probe({ model, task, choices, orders, runtime, options }, activity);
  return { ...found, explanation: `${what} ${isOnlyWay ? untried(first, options, isOnlyWay) : found.explanation}${found.orderWords}` };
}

/** Where a batch lies, where that is not the first axis. */
function placeOf(axis: number | null | undefined): Pick<Feed, 'axis'> {
  return axis === 0 || axis === undefined ? {} : { axis };
}

function untried(feeds: readonly Feed[], { untrained, noted }: TaskOptions, isOnlyWay: boolean): string {
  const names = [...new Set(feeds.map((feed) => feed.preprocess.name ?? 'as given'))].join(', ');
  if (feeds.every(({ input, preprocess }) => noted && lookup(noted, input) === preprocess))
    return `Preprocessing: ${names}, as the model's file says.`;
  const why = untrained
    ? 'a model that is yet to be trained takes what is usual'
    : isOnlyWay
      ? 'it was given or is the only one that fits'
      : 'without labels there is nothing to choose by; --preprocess takes another';
  return `Preprocessing: ${names}, because ${why}.`;
}

async function waysFor(
  { input, spec }: InputPair,
  axis: number | null,
  splits: Splits,
  likely: readonly Preprocess[],
  { preprocess = 'auto', untrained = false, noted }: TaskOptions,
  activity: Activity,
): Promise<Preprocess[]> {
  if (typeof preprocess === 'object') return [preprocess];
  const known = noted && lookup(noted, input.name);
  if (preprocess === 'auto' && known) return [known];
  // Samples come first in the data, wherever the model has them.
  const moved = axis === null ? [null, ...(input.shape ?? [])] : [input.shape?.[axis] ?? null, ...(input.shape ?? []).toSpliced(axis, 1)];
  const shape = input.shape ? moved.map((dim: Dim | null) => (typeof dim === 'number' ? dim : null)) : [];
  const wanted = { name: input.name, shape, type: input.dtype as ElementType | undefined };
  const modality = modalityOf(spec.kind);
  // Where several inputs come of one sample, they belong together: those that a tokenizer gives are not mixed with others.
  if (preprocess === 'auto' && likely.length > 0 && modality.feedsMany) return [...likely];
  const prepare = modality.prepares?.(spec, wanted);
  const statistics = modality.usesStatistics
    ? await channelStatistics(splits.train, { input: spec.name, prepare, atMost: 2000, signal: activity.signal })
    : undefined;
  const ways = [...likely, ...preprocessesFor(spec, wanted, statistics, likely)];
  const called = (wanted: string) => ways.filter(({ name = '' }) => name === wanted || name.startsWith(`${wanted} `));
  if (preprocess === 'auto') return untrained ? [called('dataset')[0] ?? ways[0]] : ways;
  const named = called(preprocess);
  if (named.length > 0) return untrained ? named.slice(0, 1) : named;
  throw new OptionError({
    what: `There is no preprocessing "${preprocess}" for input "${input.name}"`,
    expected: ways.map((way) => way.name).join('; '),
  });
}
