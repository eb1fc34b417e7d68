import { lookup } from '../../base/index.js';
import { mapTargets, reorderClasses, type Splits, type Targets } from '../../data/index.js';
import type { Model } from '../../onnx/index.js';
import { matchLabels } from './class-orders.js';
import { labelsOfModel } from './model-labels.js';

/** Metadata key for what Hugging Face's config.json calls the problem, until the task is noted itself. */
const KEY = 'espalier.problem';

/** The names of our tasks. */
const TASKS: Readonly<Record<string, string>> = {
  single_label_classification: 'classification',
  multi_label_classification: 'multi-label',
  regression: 'regression',
};

/** Notes what a config.json says the model is for; what is no problem type that is known is left out. */
export function noteProblem(model: Model, problem: unknown): void {
  if (typeof problem === 'string' && lookup(TASKS, problem) !== undefined) model.metadata.set(KEY, problem);
}

/** To be called once the task is noted itself. */
export function forgetProblem(model: Model): void {
  model.metadata.delete(KEY);
}

/** What a model's config.json says that it is for, and the data with targets as that task takes them. */
export interface Problem {
  task: string;
  splits: Splits;
  /** For people, as the end of a sentence. */
  reason: string;
}

/** Undefined where nothing is said, or the data has no such targets. */
export function problemOf(model: Model, splits: Splits): Problem | undefined {
  const problem = model.metadata.get(KEY) ?? '';
  const task = lookup(TASKS, problem);
  const { targets } = splits.train;
  if (task === undefined || !targets) return undefined;
  const reason = `the model's config.json says so (problem_type "${problem}")`;
  switch (task) {
    case 'classification':
      return targets.kind === 'class' ? { task, splits, reason } : undefined;
    case 'regression': {
      const areNumbers = targets.kind === 'class' && targets.classes.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
      return targets.kind === 'numbers' || areNumbers ? { task, splits, reason } : undefined;
    }
    default:
      if (targets.kind === 'labels') return { task, splits, reason };
      return targets.kind === 'class' ? { task, splits: asLabels(splits, model, targets.classes), reason } : undefined;
  }
}

/** One class a sample as one label of all, in the order of the model's own names where it has them. */
function asLabels({ train, calibration, validation, test }: Splits, model: Model, classes: readonly string[]): Splits {
  const order = matchLabels(labelsOfModel(model)?.labels ?? [], classes) ?? classes;
  const change = (targets: Targets): Targets => {
    if (targets.kind !== 'class') return targets;
    const { values } = reorderClasses(targets, order);
    const labels = new Uint8Array(values.length * order.length);
    for (const [row, label] of values.entries()) labels[row * order.length + label] = 1;
    return { kind: 'labels', classes: [...order], values: labels };
  };
  const map = (part: Splits['train']) => mapTargets(part, change, `labels ${JSON.stringify(order)}`);
  return { train: map(train), calibration: map(calibration), validation: map(validation), test: map(test) };
}
