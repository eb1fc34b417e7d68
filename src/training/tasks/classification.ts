import { DataError, OptionError } from '../../base/index.js';
import { type Batch, type Dataset, softTargets } from '../../data/index.js';
import { type AnyMetric, checkLabels, metricNamed, metricsOf, predictedClasses, type Scores } from '../../metrics/index.js';
import { type Model, Tensor } from '../../onnx/index.js';
import { rowsOf } from '../feeds.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { distillation } from '../losses/distillation.js';
import { type LossBuilder, TARGETS } from '../losses/loss.js';
import { FOCUS } from '../losses/names.js';
import { doesNotFit, type TaskKind } from './kind.js';
import { type ClassOutput, classOutput } from './outputs.js';
import { RowCollector } from './rows.js';
import type { Collector, Goal, LossOptions } from './task.js';

export interface ClassificationOptions extends ClassOutput {
  classes: readonly string[];
  /** The metric that leads. Default: accuracy. */
  metric?: string | AnyMetric;
  /** Samples by whose classes rare ones are told. Default: classes cannot be balanced. */
  train?: Dataset;
}

/** One of several classes for each sample. */
export function classification(options: ClassificationOptions): Goal {
  const { output, classes, single, form = 'scores', metric = 'accuracy', train } = options;
  const width = single === undefined ? classes.length : 1;
  const loss = ({ loss: name = 'cross-entropy', balanceClasses = false }: LossOptions = {}): LossBuilder => {
    if (balanceClasses && width === 1)
      throw new OptionError({ what: 'Two classes that share one score cannot be weighted', where: 'loss option "balanceClasses"' });
    return crossEntropy(output, {
      focus: name === 'focal' ? FOCUS : 0,
      ...(balanceClasses && { classWeights: balancedWeights(train, classes.length) }),
      width,
    });
  };
  return {
    kind: 'classification',
    title: `classification, ${classes.length} classes`,
    outputs: [output],
    parts: classes,
    answers: 'classes',
    metric: typeof metric === 'string' ? metricNamed(metric, 'classes', classes) : metric,
    metrics: metricsOf('classes'),
    ...(single === undefined && form === 'scores' && { width }),
    losses: ['cross-entropy', 'focal'],
    loss,
    distillation: (teacher, how) => distillation(output, teacher, how),
    importanceLoss: () => loss(),
    targets: (batch, { smoothing = 0 } = {}) => ({ [TARGETS]: classTargetsOf(batch, classes.length, width, smoothing) }),
    ...(form === 'labels' && options.head),
    ...(form === 'scores' && { hits: (outputs, batch, start) => classHits(outputs[output], batch, start, options) }),
    collect: () => new ClassCollector(options),
    withClasses: (names, part) => classification({ ...options, classes: names, train: part }),
    forModel: (model: Model) =>
      classification({ ...options, single: undefined, form: undefined, head: undefined, ...classOutput(model, classes.length) }),
  };
}

/** [batch, classes], or [batch, 1] of the second class for a single score. */
function classTargetsOf(batch: Batch, classes: number, width: number, smoothing: number): Tensor {
  const targets = softTargets(batch, classes, smoothing);
  if (width > 1) return Tensor.of('float32', [batch.size, classes], targets);
  return Tensor.of(
    'float32',
    [batch.size, 1],
    Float32Array.from({ length: batch.size }, (_, row) => targets[2 * row + 1]),
  );
}

/** Weights by which every class counts alike, with mean 1 over the samples. @throws OptionError where there are no classes to count. */
function balancedWeights(train: Dataset | undefined, classes: number): number[] {
  if (train?.targets?.kind !== 'class')
    throw new OptionError({ what: 'Without classes there is nothing to balance', where: 'loss option "balanceClasses"' });
  const counts = new Array<number>(classes).fill(0);
  for (const label of train.targets.values) counts[label]++;
  const occurring = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 0 : train.size / (occurring * count)));
}

class ClassCollector implements Collector {
  readonly #options: ClassificationOptions;
  readonly #rows = new RowCollector<Float32Array>(Float32Array);
  readonly #labels = new RowCollector<Int32Array>(Int32Array);
  #width = 0;

  constructor(options: ClassificationOptions) {
    this.#options = options;
  }

  add({ size, targets }: Batch, outputs: Record<string, Tensor>): void {
    if (targets?.kind !== 'class') throw new DataError('The data has no classes to score by');
    const { rows, width } = classScores(outputs[this.#options.output], this.#options);
    this.#rows.add(rows, width, size);
    this.#labels.add(targets.values, 1, size);
    this.#width = width;
  }

  answers() {
    const labels = this.#labels.join();
    checkLabels(labels, this.#width);
    const predictions: Scores = { size: labels.length, classes: this.#width, data: this.#rows.join() };
    return { kind: 'classes' as const, size: labels.length, predictions, targets: labels };
  }
}

/** What an output says of each sample, as rows of one score per class. */
function classScores(tensor: Tensor, { single, form, classes }: ClassificationOptions): { rows: Float32Array; width: number } {
  if (form === 'labels') return scoresOfLabels(tensor, classes.length);
  const found = rowsOf(tensor);
  if (single === undefined || found.width !== 1) return found;
  const rows = new Float32Array(2 * found.rows.length);
  found.rows.forEach((score, row) => {
    rows[2 * row] = single === 'probability' ? 1 - score : -score / 2;
    rows[2 * row + 1] = single === 'probability' ? score : score / 2;
  });
  return { rows, width: 2 };
}

/** One-hot scores of class numbers; a number that is none of the classes is no answer. */
function scoresOfLabels(tensor: Tensor, classes: number): { rows: Float32Array; width: number } {
  const labels = tensor.numbers();
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    if (label >= 0 && label < classes) rows[row * classes + label] = 1;
    else rows.fill(Number.NaN, row * classes, (row + 1) * classes);
  });
  return { rows, width: classes };
}

/** How many samples of a training batch a classifier answered right. */
function classHits(tensor: Tensor, { targets }: Batch, start: number, options: ClassificationOptions): number {
  if (targets?.kind !== 'class') return 0;
  const { rows, width } = classScores(tensor, options);
  const guesses = predictedClasses({ size: rows.length / width, classes: width, data: rows });
  return guesses.reduce((sum, guess, row) => sum + Number(guess === targets.values[start + row]), 0);
}

export const classificationKind: TaskKind = {
  name: 'classification',
  recognize: ({ targets }) => (targets?.kind === 'class' ? `the data has ${targets.classes.length} classes` : undefined),
  make: ({ model, splits, targets, options }) => {
    if (targets?.kind !== 'class') throw doesNotFit('classification', 'one class a sample', targets);
    const { classes } = targets;
    return classification({ ...classOutput(model, classes.length, options.output), classes, train: splits.train, metric: options.metric });
  },
};
