import { addGradients, prepare } from '../autodiff/index.js';
import { constantFloat, type GraphBuilder, isFloat, type Model, type Node, removeDeadCode, Tensor, type Value } from '../onnx/index.js';
import { batchStatistics, inferenceNormalization } from '../ops/index.js';

/** How far what a batch does to a model's batch normalizations is from their statistics, with its gradients, as an ONNX model. */
export interface StatisticsMatch {
  model: Model;
  /** A scalar: the mean over normalizations and channels of the squared differences of mean and deviation, in deviations. */
  lossOutput: string;
  /** Output that holds the gradient of an input, by the input's name. */
  gradients: ReadonlyMap<string, string>;
  /** Normalizations that are looked at. */
  normalizations: number;
  /** What inputs are that a normalization reads as they come, of each channel along axis 1: the training data's own. */
  known: ReadonlyMap<string, ChannelStatistics>;
}

export interface ChannelStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/**
 * Writes how well inputs match what a model was trained on, as its batch normalizations remember it (Cai et al. 2020, "ZeroQ", CVPR, arXiv 2001.00281).
 * @param inputShapes of whole batches.
 * @returns undefined where there is no normalization whose statistics are known and which depends on an input of floats.
 * @throws UnsupportedError where an operator before one of them has no gradient.
 */
export function buildStatisticsMatch(source: Model, inputShapes: Readonly<Record<string, readonly number[]>>): StatisticsMatch | undefined {
  const { model, build } = prepare(source, { inputShapes });
  const { graph } = model;
  const remembered = graph.nodes.flatMap((node) => statisticsOf(build, node));
  const feeds = new Set(graph.feeds);
  const known = new Map(remembered.flatMap(({ x, ...statistics }) => knownOf(x, statistics, feeds)));
  const distances = remembered.map((each) => distanceOf(build, each));
  const inputs = graph.feeds.filter(({ dtype }) => isFloat(dtype));
  const [first, ...rest] = distances;
  if (!first || inputs.length === 0) return undefined;
  const sum = rest.reduce((total, each) => build.op('Add', [total, each]), first);
  const loss = build.op('Mul', [sum, build.scalar(1 / distances.length)]);
  const found = addGradients({ build, opsets: model.opsets, from: new Map([[loss, build.scalar(1)]]), to: inputs, lenient: true });
  if (found.size === 0) return undefined;
  graph.outputs.length = 0;
  const lossOutput = build.output(loss, 'espalier.loss').name;
  const gradients = new Map(
    [...found].map(([input, gradient]) => [input.name, build.output(gradient, `espalier.gradient.${input.name}`).name]),
  );
  removeDeadCode(graph);
  return { model, lossOutput, gradients, normalizations: distances.length, known };
}

/** What a normalization remembers of the value that it reads. */
interface Remembered extends ChannelStatistics {
  readonly x: Value;
  readonly epsilon: number;
}

function statisticsOf(build: GraphBuilder, node: Node): Remembered[] {
  const [x] = node.inputs;
  const [, , mean, variance] = (inferenceNormalization(node) ?? []).map((value) => constantFloat(build.graph, value));
  if (x?.dtype !== 'float32' || !mean || !variance) return [];
  const epsilon = node.float('epsilon', 1e-5);
  const deviation = variance.toFloat32().map((value) => Math.sqrt(Math.max(0, value)));
  return [{ x, mean: mean.toFloat32(), deviation, epsilon }];
}

/** Inputs that a value holds as they come, or joined by channels. */
function knownOf(value: Value, statistics: ChannelStatistics, feeds: ReadonlySet<Value>): [string, ChannelStatistics][] {
  const { mean, deviation } = statistics;
  const { producer } = value;
  if (feeds.has(value)) return isFloat(value.dtype) ? [[value.name, { mean, deviation }]] : [];
  if (producer?.op === 'Identity' && producer.inputs[0]) return knownOf(producer.inputs[0], statistics, feeds);
  const rank = value.shape?.length ?? 0;
  if (producer?.op !== 'Concat' || (producer.int('axis', 0) + rank) % rank !== 1) return [];
  let start = 0;
  return producer.inputs.flatMap((part) => {
    const size = part?.shape?.[1];
    if (!part || typeof size !== 'number') return [];
    const [first, end] = [start, start + size];
    start = end;
    return knownOf(part, { mean: mean.slice(first, end), deviation: deviation.slice(first, end) }, feeds);
  });
}

/** Mean over the channels of ((mean - μ)² + (deviation - σ)²) / σ². */
function distanceOf(build: GraphBuilder, { x, mean, epsilon, ...statistics }: Remembered): Value {
  const deviation = statistics.deviation.map((value) => Math.sqrt(value ** 2 + epsilon));
  const seen = batchStatistics(build, x);
  const constant = (values: Float32Array) => build.constant(Tensor.of('float32', [values.length], values));
  const seenDeviation = build.op('Sqrt', [build.op('Add', [seen.variance, build.scalar(epsilon)])]);
  const parts = [
    [seen.mean, constant(mean.slice())],
    [seenDeviation, constant(deviation)],
  ].map(([is, was]) => {
    const apart = build.op('Div', [build.op('Sub', [is, was]), constant(deviation)]);
    return build.op('ReduceMean', [build.op('Mul', [apart, apart])], { keepdims: 0 });
  });
  return build.op('Add', parts);
}
