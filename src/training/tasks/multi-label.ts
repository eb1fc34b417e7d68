import { DataError } from '../../base/index.js';
import { type Batch, softTargets } from '../../data/index.js';
import { type AnyMetric, type LabelScores, metricNamed, metricsOf } from '../../metrics/index.js';
import { type Model, Tensor } from '../../onnx/index.js';
import { rowsOf } from '../feeds.js';
import { labelCrossEntropy } from '../losses/cross-entropy.js';
import { distillation } from '../losses/distillation.js';
import { TARGETS } from '../losses/loss.js';
import { FOCUS } from '../losses/names.js';
import { isSigmoid } from '../losses/scores.js';
import { doesNotFit, type TaskKind } from './kind.js';
import { classOutput, outputNamed } from './outputs.js';
import { RowCollector } from './rows.js';
import type { Collector, Goal, LossOptions } from './task.js';

export interface MultiLabelOptions {
  /** The output with a score for each label. */
  output: string;
  /** Names of the labels. */
  classes: readonly string[];
  /** Whether scores are probabilities already. Default false: they go through a sigmoid. */
  areProbabilities?: boolean;
  /** The metric that leads. Default: macro F1. */
  metric?: string | AnyMetric;
}

/** Any number of labels for each sample. */
export function multiLabel(options: MultiLabelOptions): Goal {
  const { output, classes, metric = 'macroF1' } = options;
  const loss = ({ loss: name }: LossOptions = {}) =>
    labelCrossEntropy(output, { focus: name === 'focal' ? FOCUS : 0, width: classes.length });
  return {
    kind: 'multi-label',
    title: `multi-label classification, ${classes.length} labels`,
    outputs: [output],
    parts: classes,
    answers: 'labels',
    metric: typeof metric === 'string' ? metricNamed(metric, 'labels', classes) : metric,
    metrics: metricsOf('labels'),
    width: classes.length,
    losses: ['binary-cross-entropy', 'focal'],
    loss,
    distillation: (teacher, how) => distillation(output, teacher, { ...how, hardLoss: loss(), separate: true }),
    importanceLoss: () => loss(),
    targets: (batch, { smoothing = 0 } = {}) => ({
      [TARGETS]: Tensor.of('float32', [batch.size, classes.length], softTargets(batch, classes.length, smoothing)),
    }),
    collect: () => new LabelCollector(options),
    forModel: (model) => multiLabel({ ...options, ...labelOutput(model, classes.length) }),
  };
}

/** The output with a score for each label. @throws as `classOutput` does. */
export function labelOutput(model: Model, labels: number, wanted?: string): Pick<MultiLabelOptions, 'output' | 'areProbabilities'> {
  const { output } = classOutput(model, labels, wanted);
  return { output, areProbabilities: isSigmoid(outputNamed(model, output)) };
}

class LabelCollector implements Collector {
  readonly #options: MultiLabelOptions;
  readonly #rows = new RowCollector<Float32Array>(Float32Array);
  readonly #targets = new RowCollector<Uint8Array>(Uint8Array);
  #size = 0;

  constructor(options: MultiLabelOptions) {
    this.#options = options;
  }

  add({ size, targets }: Batch, outputs: Record<string, Tensor>): void {
    const { output, classes } = this.#options;
    const { rows, width } = rowsOf(outputs[output]);
    if (targets?.kind !== 'labels' || width !== classes.length)
      throw new DataError({
        what: 'The data has other labels than the model',
        expected: `${classes.length} labels`,
        got: `${width} scores`,
      });
    this.#rows.add(rows, width, size);
    this.#targets.add(targets.values, width, size);
    this.#size += size;
  }

  answers() {
    const { classes, areProbabilities } = this.#options;
    const rows = this.#rows.join();
    const data = areProbabilities ? rows : rows.map((score) => 1 / (1 + Math.exp(-score)));
    const predictions: LabelScores = { size: this.#size, classes: classes.length, data };
    return { kind: 'labels' as const, size: this.#size, predictions, targets: this.#targets.join() };
  }
}

export const multiLabelKind: TaskKind = {
  name: 'multi-label',
  recognize: ({ targets }) =>
    targets?.kind === 'labels' ? `samples of the data have any number of ${targets.classes.length} labels` : undefined,
  make: ({ model, targets, options }) => {
    if (targets?.kind !== 'labels') throw doesNotFit('multi-label', 'zeros and ones for several labels', targets);
    return multiLabel({ ...labelOutput(model, targets.classes.length, options.output), classes: targets.classes, metric: options.metric });
  },
};
