import { DataError } from '../../base/index.js';
import type { Batch } from '../../data/index.js';
import { type AnyMetric, metricNamed, metricsOf, type Scores } from '../../metrics/index.js';
import { copyModel, isFloat, type Model, Tensor, type Value } from '../../onnx/index.js';
import { typedBuilder } from '../../ops/index.js';
import { rowsOf } from '../feeds.js';
import { mixed } from '../losses/mixed.js';
import { meanPower } from '../losses/power.js';
import { NORMAL, reconstructionLoss } from '../losses/reconstruction.js';
import { followReference } from '../losses/reference.js';
import { doesNotFit, type TaskKind } from './kind.js';
import { numbersPerSample, outputNamed } from './outputs.js';
import { RowCollector } from './rows.js';
import type { Collector, Goal, Outputs } from './task.js';

export interface AnomalyOptions {
  model: Model;
  /** The two classes; see `normalClass`. */
  classes: readonly string[];
  /** The output that counts: a reconstruction of the input, or one number a sample, larger where something is wrong. Default: the one that fits. */
  output?: string;
  /** The model with a free batch, which losses follow where the output is a single score. Default: the model. */
  teacher?: Model;
  /** The metric that leads. Default: AUC. */
  metric?: string | AnyMetric;
}

/** What the mean squared error of a reconstruction is called, as an output. */
const SCORE = 'anomaly score';
/** Metrics that ask for the order of the scores alone. */
const RANKING = ['auc', 'averagePrecision', 'bestF1'];

/**
 * What is normal and what is not. A model that reconstructs its input is trained on normal samples alone, and its score is the mean squared error of a
 * sample; one that gives a single score follows the original's.
 * @throws DataError where the model does neither.
 */
export function anomaly(options: AnomalyOptions): Goal {
  const { model, classes, teacher = model, metric = 'auc' } = options;
  const normal = normalClass(classes);
  const parts = [classes[normal], classes[1 - normal]];
  const found = options.output === undefined ? reconstruction(model) : fitting(model, outputNamed(model, options.output));
  const output = found?.output ?? singleScore(model, options.output);
  const loss: Goal['loss'] = ({ loss: shape } = {}) =>
    found ? reconstructionLoss(found.output, found.input, shape as 'mse' | 'mae') : followReference([output], teacher);
  return {
    kind: 'anomaly',
    title: `anomalies, "${classes[normal]}" being normal, by ${found ? 'the error of the reconstruction' : 'one score'}`,
    outputs: [found ? SCORE : output],
    heads: [output],
    // The class that is to be found comes second.
    parts,
    answers: 'classes',
    metric: typeof metric === 'string' ? metricNamed(metric, 'classes', parts) : metric,
    metrics: metricsOf('classes').filter(({ name }) => RANKING.includes(name)),
    ...(found && { expose: (candidate: Model) => withScore(candidate, found) }),
    losses: found ? ['mse', 'mae'] : ['reference'],
    loss,
    distillation: (other, { weight = 0.7 } = {}) => mixed(followReference([output], other), loss(), weight),
    importanceLoss: () => (found ? loss() : meanPower([output])),
    targets: ({ size, targets }): Record<string, Tensor> => {
      const labels = targets?.kind === 'class' ? targets.values : undefined;
      const weights = Float32Array.from({ length: size }, (_, row) => Number(labels?.[row] === normal));
      return found ? { [NORMAL]: Tensor.of('float32', [size, 1], weights) } : {};
    },
    collect: () => new ScoreCollector(found ? SCORE : output, normal),
    forModel: (other) => anomaly({ ...options, model: other, output: undefined, teacher: undefined }),
  };
}

/** The class that is called normal, good, ok, healthy, regular, inlier or negative; else the first. */
export function normalClass(classes: readonly string[]): number {
  return Math.max(
    0,
    classes.findIndex((name) => /^(normal|good|ok|healthy|regular|inlier|negative)$/i.test(name.trim())),
  );
}

/** The only float output that has the shape of the model's only input. */
export function reconstruction(model: Model): { output: string; input: string } | undefined {
  const outputs = model.graph.outputs.filter(({ dtype }) => isFloat(dtype));
  return outputs.length === 1 ? fitting(model, outputs[0]) : undefined;
}

function fitting({ graph }: Model, { name, shape }: Value): { output: string; input: string } | undefined {
  const [input, ...others] = graph.feeds;
  const sample = (dims: Value['shape']) => JSON.stringify(dims?.slice(1));
  const isWhole = shape?.slice(1).every((dim) => typeof dim === 'number') === true && shape.length > 1;
  return others.length === 0 && isWhole && sample(shape) === sample(input?.shape) ? { output: name, input: input.name } : undefined;
}

function singleScore(model: Model, wanted: string | undefined): string {
  const outputs = model.graph.outputs.filter((output) => isFloat(output.dtype) && numbersPerSample(output) === 1);
  const found = wanted === undefined ? outputs : outputs.filter(({ name }) => name === wanted);
  if (found.length === 1) return found[0].name;
  throw new DataError({
    what: 'No output of the model tells what is anomalous',
    where: model.source,
    expected: 'one of the shape of the input, or one of a single number a sample',
    got: model.graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: 'Name the output (--scores)',
  });
}

/** A copy of a model with the mean squared error of its reconstruction as a further output, [batch]. */
function withScore(model: Model, { output, input }: { output: string; input: string }): Model {
  const copy = copyModel(model);
  const { graph } = copy;
  const build = typedBuilder(graph, copy.opsets);
  const given = graph.feeds.find(({ name }) => name === input) as Value;
  const difference = build.op('Sub', [outputNamed(copy, output), given]);
  const axes = Array.from({ length: (given.shape?.length ?? 2) - 1 }, (_, i) => i + 1);
  const square = build.op('Mul', [difference, difference]);
  const score =
    copy.opset < 18
      ? build.op('ReduceMean', [square], { axes, keepdims: 0 })
      : build.op('ReduceMean', [square, build.ints(axes)], { keepdims: 0 });
  build.output(score, SCORE);
  return copy;
}

class ScoreCollector implements Collector {
  readonly #output: string;
  readonly #normal: number;
  readonly #rows = new RowCollector<Float32Array>(Float32Array);
  readonly #labels = new RowCollector<Int32Array>(Int32Array);

  constructor(output: string, normal: number) {
    this.#output = output;
    this.#normal = normal;
  }

  add({ size, targets }: Batch, outputs: Outputs): void {
    if (targets?.kind !== 'class') throw new DataError('The data does not say what is normal');
    this.#rows.add(rowsOf(outputs[this.#output]).rows, 1, size);
    this.#labels.add(targets.values, 1, size);
  }

  answers() {
    // To metrics the second class is what is to be found.
    const targets = this.#labels.join().map((label) => Number(label !== this.#normal));
    const scores = this.#rows.join();
    const middle = bestThreshold(scores, targets);
    const predictions: Scores = {
      size: targets.length,
      classes: 2,
      data: Float32Array.from({ length: 2 * targets.length }, (_, i) => ((i % 2 ? 1 : -1) * (scores[i >> 1] - middle)) / 2),
    };
    return { kind: 'classes' as const, size: targets.length, predictions, targets };
  }
}

/** The score from which on a sample is best called anomalous, by F1: a little below the least of them. */
function bestThreshold(scores: Float32Array, targets: Int32Array): number {
  const order = Int32Array.from(scores, (_, row) => row).sort((a, b) => scores[b] - scores[a]);
  const all = targets.reduce((sum, each) => sum + each, 0);
  let [hits, best, threshold] = [0, -1, 0];
  order.forEach((row, place) => {
    hits += targets[row];
    const next = order[place + 1];
    if (next !== undefined && scores[next] === scores[row]) return;
    const f1 = (2 * hits) / (place + 1 + all);
    if (f1 > best) [best, threshold] = [f1, next === undefined ? scores[row] - 1 : (scores[row] + scores[next]) / 2];
  });
  return threshold;
}

/** Whether a model gives its input again, of more numbers than two classes have scores: a classifier of pairs has as many as that. */
function rebuildsMore(model: Model): boolean {
  const found = reconstruction(model);
  return found !== undefined && numbersPerSample(outputNamed(model, found.output)) !== 2;
}

export const anomalyKind: TaskKind = {
  name: 'anomaly',
  recognize: ({ model, targets }) =>
    targets?.kind === 'class' && targets.classes.length === 2 && rebuildsMore(model)
      ? 'the data has two classes, and the model gives back what it is given'
      : undefined,
  make: ({ model, targets, options }) => {
    if (targets?.kind !== 'class' || targets.classes.length !== 2) throw doesNotFit('anomaly', 'two classes', targets);
    return anomaly({ model, classes: targets.classes, output: options.output, metric: options.metric });
  },
};
