import { mapTargets, reorderClasses, type Targets } from '../../data/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import { labelsOfModel } from './model-labels.js';

/** An order in which a model's scores may stand for the classes. */
export interface ClassOrder {
  classes: readonly string[];
  /** Where it comes from, for people. */
  from: string;
}

/**
 * The orders that the classes may be in, likeliest first: the model's own list of labels settles it; names that are numbers may be counted or sorted as
 * texts. Empty where there are no classes, or only the one order that the data has.
 */
export function classOrders(model: Model, { splits, kind }: Task): ClassOrder[] {
  const { targets } = splits.train;
  if (targets?.kind !== 'class' || kind !== 'classification') return [];
  const own = labelsOfModel(model);
  const matched = own && matchLabels(own.labels, targets.classes);
  if (own && matched) return [{ classes: matched, from: own.from }];
  const given = { classes: targets.classes, from: 'as the data has it' };
  if (!targets.classes.every((name) => /^\d+$/.test(name.trim()))) return [given];
  const counted = { classes: [...targets.classes].sort((a, b) => Number(a) - Number(b)), from: 'in the order of the numbers' };
  const sorted = { classes: [...targets.classes].sort(), from: 'sorted as texts' };
  const all = [counted, sorted, given];
  return all.filter((order, i) => all.findIndex((each) => String(each.classes) === String(order.classes)) === i);
}

/** The model's list with the data's spellings, where every class of the data is in it; else undefined. */
export function matchLabels(labels: readonly string[], classes: readonly string[]): string[] | undefined {
  const plain = (name: string) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s_-]+/g, ' ');
  const places = new Map(labels.map((label, i) => [plain(label), i]));
  const names = [...labels];
  for (const name of classes) {
    const place = places.get(plain(name));
    if (place === undefined) return undefined;
    names[place] = name;
  }
  return names;
}

/** The task with its classes in another order. */
export function withOrder(task: Task, { classes }: ClassOrder): Task {
  if (String(classes) === String(task.parts)) return task;
  const change = (targets: Targets) => (targets.kind === 'class' ? reorderClasses(targets, classes) : targets);
  const how = `classes ${JSON.stringify(classes)}`;
  const { train, calibration, validation, test } = task.splits;
  const splits = {
    train: mapTargets(train, change, how),
    calibration: mapTargets(calibration, change, how),
    validation: mapTargets(validation, change, how),
    test: mapTargets(test, change, how),
  };
  return { ...task, splits, ...task.withClasses?.(classes, splits.train) };
}
