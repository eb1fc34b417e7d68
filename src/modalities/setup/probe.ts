import { type Activity, DataError, RuntimeError } from '../../base/index.js';
import { type Preprocess, representatives } from '../../data/index.js';
import type { Program, Runtime } from '../../infrastructure/runtime/index.js';
import { type Answers, logProbabilities, type Scores, scoreOf, share, worth } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { affordableBatch, collectAnswers, exposed, type Feed, type Task } from '../../training/index.js';
import { type ClassOrder, withOrder } from './class-orders.js';
import type { TaskOptions } from './task-options.js';

/** What one way of preparing samples gave. */
export interface Tried {
  name: string;
  /** The task's metric. */
  value: number;
  /** What decides between ways that are as good: for classes the log loss of labels that are smoothed a little, so that being far too sure costs as well. */
  loss: number;
}

interface Candidate extends Tried {
  task: Task;
  order?: ClassOrder;
}

/** What is to be compared. */
interface ProbeRequest {
  model: Model;
  task: Task;
  /** For each feed of the task, the ways to prepare it. */
  choices: readonly Preprocess[][];
  /** Orders of the classes; none where there is nothing to choose. */
  orders: readonly ClassOrder[];
  runtime: Runtime;
  options: TaskOptions;
}

/** Share of each label that the loss spreads over all classes. */
const SMOOTHING = 0.01;

/**
 * Tries every way on some training samples, and with each every order of the classes. Several inputs are varied one after the other.
 * @throws DataError where no way runs.
 */
export async function probe(
  request: ProbeRequest,
  activity: Activity,
): Promise<{ task: Task; explanation: string; orderWords: string; tried: Tried[] }> {
  const { model, task, choices, orders, runtime, options } = request;
  const dataset = representatives(task.splits.train, options.probe ?? 300);
  const program = await runtime.compile(exposed(model, task), { threads: options.threads, signal: activity.signal });
  const tried: Candidate[] = [];
  let feeds: readonly Feed[] = task.feeds;
  let refusal: unknown;
  try {
    for (const [index, ways] of choices.entries()) {
      for (const [number, preprocess] of ways.entries()) {
        const varied = { ...task, feeds: feeds.map((feed, each) => (each === index ? { ...feed, preprocess } : feed)) };
        try {
          const batchSize = await affordableBatch(model, varied, { wished: 100, split: 'train' });
          const run = { dataset, batchSize, runtime, options: { signal: activity.signal } };
          tried.push(...(await tryOrders(program, varied, run, orders, preprocess.name ?? 'unnamed')));
        } catch (error) {
          // What the runtime refuses is only the wrong way for this model.
          if (!(error instanceof RuntimeError)) throw error;
          refusal ??= error;
        }
        activity.onProgress?.({ task: 'preprocess', done: number + 1, total: ways.length });
      }
      rank(tried, task, dataset.size);
      if (tried[0]) feeds = tried[0].task.feeds;
    }
  } finally {
    await program.dispose();
  }
  const [winner] = tried;
  if (!winner) throw nothingRuns(model, refusal);
  const { metric } = task;
  const ways = new Set(tried.map(({ name }) => name)).size;
  const explanation =
    `Preprocessing: ${winner.task.feeds.map((feed) => feed.preprocess.name).join(', ')}, the best of ${ways} tried on ${dataset.size} training samples ` +
    `(${metric.label} ${metric.scale.format(winner.value)}).`;
  return {
    task: winner.task,
    explanation,
    orderWords: orderWords(winner, task),
    tried: tried.map(({ name, value, loss }) => ({ name, value, loss })),
  };
}

async function tryOrders(
  program: Program,
  task: Task,
  run: Parameters<typeof collectAnswers>[2],
  orders: readonly ClassOrder[],
  name: string,
): Promise<Candidate[]> {
  const answers = await collectAnswers(program, task, run);
  const found: Candidate[] = [];
  for (const order of orders.length > 0 ? orders : [undefined]) {
    const ordered = order ? withOrder(task, order) : task;
    const judged = order ? relabelled(answers, task.parts, order.classes) : answers;
    const value = scoreOf(task.metric, judged);
    const loss = judged.kind === 'classes' ? smoothedLoss(judged.predictions, judged.targets) : -worth(task.metric, value);
    if (!Number.isNaN(loss)) found.push({ name, value, loss, task: ordered, order });
  }
  return found;
}

/** The same answers, of which the true classes have other numbers. */
function relabelled(answers: Answers, classes: readonly string[], order: readonly string[]): Answers {
  if (answers.kind !== 'classes') return answers;
  const places = classes.map((name) => order.indexOf(name));
  return { ...answers, targets: answers.targets.map((label) => places[label]) };
}

/** Log loss of labels of which a share is spread evenly over all classes. */
function smoothedLoss(scores: Scores, labels: Int32Array): number {
  const { size, classes } = scores;
  const likelihoods = logProbabilities(scores);
  const own = labels.reduce((sum, label, row) => sum - likelihoods[row * classes + label], 0);
  const all = likelihoods.reduce((sum, each) => sum - each, 0) / classes;
  return ((1 - SMOOTHING) * own + SMOOTHING * all) / size;
}

function orderWords({ order, task: chosen }: Candidate, task: Task): string {
  if (!order || String(chosen.parts) === String(task.parts)) return '';
  return ` The classes are taken ${order.from}, because the model is best with that.`;
}

function nothingRuns(model: Model, refusal: unknown): DataError {
  const got = refusal instanceof Error ? refusal.message : undefined;
  const facts = { what: 'No usual preprocessing runs on this model', where: model.source, got, fix: 'Give one with --preprocess' };
  return new DataError(facts, { cause: refusal });
}

/**
 * Best first, in place. Values within one standard error of the best say nothing on so few samples: among those the smaller loss decides.
 * A model is surest of itself on inputs like those that it was trained on, but inputs of a hundred times the size make any model a hundred times as
 * sure; hence the smoothing.
 */
function rank(tried: Candidate[], { metric }: Task, samples: number): void {
  const best = (each: Tried) => worth(metric, each.value);
  const top = tried.reduce((most, each) => Math.max(most, best(each)), Number.NEGATIVE_INFINITY);
  // Of a share the standard error is known; other metrics are taken at their word.
  const margin = metric.scale === share ? Math.sqrt((top * (1 - top)) / samples) + 1 / samples : 0;
  const close = (each: Tried) => Number(best(each) >= top - margin);
  tried.sort((a, b) => close(b) - close(a) || (close(a) ? a.loss - b.loss : best(b) - best(a)));
}
