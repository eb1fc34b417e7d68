import { DataError } from '../base/index.js';
import {
  type Agreement,
  type Answers,
  type AnyMetric,
  agreementBetween,
  chanceOf,
  confusionMatrix,
  fidelityOf,
  intervalOf,
  logProbabilities,
  predictedClasses,
  scoreOf,
  worstChannels,
  worth,
} from '../metrics/index.js';
import type { Goal, Task } from './tasks/task.js';

/** How good a model is at a task: the metric that it is compared by, with everything else that was measured. Plain JSON. */
export interface Quality {
  /** Name of the metric; see metrics. */
  metric: string;
  value: number;
  /** 95% interval of the value, where the metric has one. */
  interval?: readonly [number, number];
  samples: number;
  /** What the best answer that ignores the sample would score, where that is known. */
  chance?: number;
  /** The values of all metrics of the task by name, as far as they are defined here. */
  details: Record<string, number>;
  /** Row = true class, column = answer; for classes. */
  confusion?: number[][];
  /** The metric of each column alone, the worst first; for several columns of numbers. */
  columns?: { name: string; value: number }[];
  /** R² against the original of the channels that follow it least, the worst first; for fidelity. */
  channels?: ChannelQuality[];
  /** How far the model answers as the original does, where that was measured. */
  agreement?: Agreement;
}

/** How closely one channel of an output follows the original's. */
export interface ChannelQuality {
  output: string;
  channel: number;
  /** R² against the original. */
  fidelity: number;
  /** Where the original hardly moves, so that R² says little: the difference as a share of the original's size, both as root mean squares. */
  still?: number;
}

/** Channels that a quality lists. */
const CHANNELS = 10;

/**
 * Judges answers by a task's metrics.
 * @param original the original model's answers on the same samples.
 * @throws NotFinite where the answers are no finite numbers.
 */
export function judge(task: Goal & Pick<Task, 'name'>, answers: Answers, original?: Answers): Quality {
  checkFinite(task, answers);
  const details: Record<string, number> = {};
  for (const metric of task.metrics) {
    const value = scoreOf(metric, answers);
    if (Number.isFinite(value)) details[metric.name] = value;
  }
  const value = scoreOf(task.metric, answers);
  if (Number.isNaN(value)) throw notDefined(task);
  const interval = intervalOf(task.metric, answers);
  const chance = chanceOf(task.metric, answers, task.parts.length);
  const agreement = original && agreementBetween(original, answers);
  return {
    metric: task.metric.name,
    value,
    ...(interval && { interval }),
    samples: answers.size,
    ...(chance !== undefined && Number.isFinite(chance) && { chance }),
    details,
    ...(answers.kind === 'classes' && { confusion: confusionOf(answers) }),
    ...(answers.kind === 'numbers' && columnsOf(task, answers)),
    ...(answers.kind === 'fidelity' && { channels: channelsOf(answers) }),
    ...(agreement && { agreement }),
  };
}

function confusionOf({ predictions, targets }: Extract<Answers, { kind: 'classes' }>): number[][] {
  return confusionMatrix(predictedClasses(predictions), targets, predictions.classes);
}

function columnsOf({ metric, parts }: Goal, answers: Answers): Pick<Quality, 'columns'> {
  if (parts.length < 2 || !metric.of) return {};
  const columns = parts.flatMap((name, index) => {
    const own = metric.of?.(name, index);
    return own ? [{ name, value: scoreOf(own as AnyMetric, answers) }] : [];
  });
  return { columns: columns.sort((a, b) => worth(metric, a.value) - worth(metric, b.value)) };
}

function channelsOf({ predictions }: Extract<Answers, { kind: 'fidelity' }>): Quality['channels'] {
  return worstChannels(predictions)
    .slice(0, CHANNELS)
    .map((each) => ({
      output: each.output,
      channel: each.channel,
      fidelity: fidelityOf(each),
      ...(each.isStill && { still: Math.sqrt(each.error / each.power) }),
    }));
}

/** A model whose outputs overflow or are NaN: they cannot be scored. */
export class NotFinite extends DataError {
  override readonly name: string = 'NotFinite';
}

function checkFinite(task: Goal, answers: Answers): void {
  if (!hasNaN(answers)) return;
  throw new NotFinite({
    what: 'The model gives values that are no finite numbers',
    where: `output "${task.outputs.join('", "')}"`,
    fix: 'Look for NaN and infinities in its weights and in the data, and at the preprocessing.',
  });
}

function hasNaN(answers: Answers): boolean {
  switch (answers.kind) {
    case 'classes':
      return logProbabilities(answers.predictions).some(Number.isNaN);
    case 'labels':
    case 'numbers':
    case 'embeddings':
      return answers.predictions.data.some((value) => !Number.isFinite(value));
    case 'tokens':
      return answers.predictions.logLikelihoods.some(Number.isNaN);
    case 'boxes':
      return answers.predictions.some((found) => found.some(({ score, box }) => ![score, ...box].every(Number.isFinite)));
    case 'fidelity':
      return answers.predictions.channels.some(({ error }) => Number.isNaN(error));
  }
}

function notDefined(task: Goal & Pick<Task, 'name'>): DataError {
  return new DataError({
    what: `The metric "${task.metric.name}" is not defined on these samples`,
    where: task.name,
    fix: 'Use data in which every class occurs, or another metric (--metric)',
  });
}
