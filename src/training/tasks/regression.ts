import { DataError } from '../../base/index.js';
import { type Batch, type Dataset, softTargets } from '../../data/index.js';
import { type AnyMetric, metricNamed, metricsOf, type Numbers } from '../../metrics/index.js';
import { isFloat, type Model, Tensor } from '../../onnx/index.js';
import { rowsOf } from '../feeds.js';
import { TARGETS } from '../losses/loss.js';
import { mixed } from '../losses/mixed.js';
import { followReference } from '../losses/reference.js';
import { type ErrorShape, regressionLoss } from '../losses/regression.js';
import { doesNotFit, type TaskKind } from './kind.js';
import { numberOutputs, numbersPerSample } from './outputs.js';
import { RowCollector } from './rows.js';
import type { Collector, Goal, LossOptions } from './task.js';

export interface RegressionOptions {
  /** The outputs whose numbers, one after the other, are the columns. */
  outputs: readonly string[];
  columns: readonly string[];
  /** The training part, whose targets say how much each column varies. */
  train: Dataset;
  /** The metric that leads. Default: R² of the worst column. */
  metric?: string | AnyMetric;
}

/** Numbers to be predicted for each sample. */
export function regression(options: RegressionOptions): Goal {
  const { outputs, columns, train, metric = 'r2' } = options;
  const deviations = deviationsOf(train, columns.length);
  const loss = ({ loss: shape = 'mse' }: LossOptions = {}) => regressionLoss(outputs, deviations, shape as ErrorShape);
  return {
    kind: 'regression',
    title: columns.length === 1 ? `regression of ${columns[0]}` : `regression, ${columns.length} columns`,
    outputs,
    parts: columns,
    answers: 'numbers',
    metric: typeof metric === 'string' ? metricNamed(metric, 'numbers', columns) : metric,
    metrics: metricsOf('numbers'),
    width: columns.length,
    losses: ['mse', 'mae', 'huber'],
    loss,
    distillation: (teacher, { weight = 0.7 } = {}) => mixed(followReference(outputs, teacher), loss(), weight),
    importanceLoss: () => loss(),
    targets: (batch) => ({ [TARGETS]: Tensor.of('float32', [batch.size, columns.length], softTargets(batch, columns.length)) }),
    collect: () => new NumberCollector(options),
    forModel: (model: Model) => regression({ ...options, outputs: numberOutputs(model, columns.length) }),
  };
}

/** Standard deviation of each column of the targets; 1 for one that never changes. */
export function deviationsOf({ targets, size }: Dataset, columns: number): number[] {
  if (targets?.kind !== 'numbers') throw new DataError('The data has no numbers to predict');
  return Array.from({ length: columns }, (_, column) => {
    let [mean, square] = [0, 0];
    for (let i = column; i < targets.values.length; i += columns) mean += targets.values[i] / size;
    for (let i = column; i < targets.values.length; i += columns) square += (targets.values[i] - mean) ** 2 / size;
    return Math.sqrt(square) || 1;
  });
}

class NumberCollector implements Collector {
  readonly #options: RegressionOptions;
  readonly #rows = new RowCollector<Float32Array>(Float32Array);
  readonly #targets = new RowCollector<Float32Array>(Float32Array);
  #size = 0;

  constructor(options: RegressionOptions) {
    this.#options = options;
  }

  add({ size, targets }: Batch, outputs: Record<string, Tensor>): void {
    const { outputs: names, columns } = this.#options;
    const parts = names.map((name) => rowsOf(outputs[name]));
    const width = parts.reduce((sum, part) => sum + part.width, 0);
    if (targets?.kind !== 'numbers' || width !== columns.length)
      throw new DataError({
        what: "The model's numbers do not fit the targets of the data",
        where: `output "${names.join('", "')}"`,
        expected: `${columns.length} number(s) a sample`,
        got: String(width),
      });
    this.#rows.add(parts.length === 1 ? parts[0].rows : sideBySide(parts, size), width, size);
    this.#targets.add(targets.values, width, size);
    this.#size += size;
  }

  answers() {
    const predictions: Numbers = { size: this.#size, columns: this.#options.columns, data: this.#rows.join() };
    return { kind: 'numbers' as const, size: this.#size, predictions, targets: this.#targets.join() };
  }
}

/** Rows of several outputs as rows of all their numbers. */
function sideBySide(parts: readonly { rows: Float32Array; width: number }[], size: number): Float32Array {
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const joined = new Float32Array(size * width);
  for (let row = 0; row < size; row++) {
    let offset = row * width;
    for (const part of parts) {
      joined.set(part.rows.subarray(row * part.width, (row + 1) * part.width), offset);
      offset += part.width;
    }
  }
  return joined;
}

export const regressionKind: TaskKind = {
  name: 'regression',
  recognize: ({ model, targets }) => {
    if (targets?.kind === 'numbers') return `the data has ${targets.columns.length} column(s) of numbers to predict`;
    return targets?.kind === 'class' && targets.classes.length > 2 && areNumbers(targets.classes) && givesOneNumber(model)
      ? 'the labels are whole numbers, and the model gives one number a sample'
      : undefined;
  },
  read: (targets) => {
    if (targets.kind !== 'class' || !areNumbers(targets.classes)) return targets.kind === 'numbers' ? targets : undefined;
    return { kind: 'numbers', columns: ['target'], values: Float32Array.from(targets.values, (label) => Number(targets.classes[label])) };
  },
  make: ({ model, splits, targets, options }) => {
    if (targets?.kind !== 'numbers') throw doesNotFit('regression', 'numbers', targets);
    const { columns } = targets;
    return regression({
      outputs: numberOutputs(model, columns.length, options.output),
      columns,
      train: splits.train,
      metric: options.metric,
    });
  },
};

function areNumbers(names: readonly string[]): boolean {
  return names.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
}

function givesOneNumber({ graph }: Model): boolean {
  const floats = graph.outputs.filter((output) => isFloat(output.dtype));
  return floats.length === 1 && (floats[0].shape?.length ?? 0) >= 1 && numbersPerSample(floats[0]) === 1;
}
