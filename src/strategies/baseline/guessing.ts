import { DataError } from '../../base/index.js';
import { isAtChance, permutedClasses, type Task } from '../../training/index.js';
import type { ModelInfo } from '../results/info.js';

const ADVICE =
  'Check that the classes are in the order that the model was trained with, and the preprocessing (--preprocess); for a fresh architecture, train for more epochs.';

/** @throws DataError for a model at the level of guessing: the data or its preparation does not fit it, and nothing good can come of it. */
export function checkBeatsGuessing({ validation }: Pick<ModelInfo, 'validation'>, task: Task): void {
  const { metric } = task;
  if (!isAtChance(validation, metric)) return;
  const { format } = metric.scale;
  const end = validation.interval?.[metric.direction === 'maximize' ? 0 : 1];
  throw new DataError({
    what:
      `The model is no better than guessing on this data: ${metric.label} ${format(validation.value)}${end === undefined ? '' : ` (95% interval from ${format(end)})`}, ` +
      `${metric.guess ?? 'an answer that ignores the sample'} gives ${format(validation.chance as number)}`,
    where: task.splits.validation.name,
    fix: permutedClasses(validation, task)?.advice ?? ADVICE,
  });
}
