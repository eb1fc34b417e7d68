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
  const distances = graph.nodes.flatMap((node) => distanceOf(build, node));
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
  return { model, lossOutput, gradients, normalizations: distances.length };
}

/** Mean over the channels of ((mean - μ)² + (deviation - σ)²) / σ². */
function distanceOf(build: GraphBuilder, node: Node): Value[] {
  const [x] = node.inputs;
  const [, , mean, variance] = (inferenceNormalization(node) ?? []).map((value) => constantFloat(build.graph, value));
  if (x?.dtype !== 'float32' || !mean || !variance) return [];
  const epsilon = node.float('epsilon', 1e-5);
  const deviation = variance.toFloat32().map((value) => Math.sqrt(Math.max(0, value) + epsilon));
  const seen = batchStatistics(build, x);
  const constant = (values: Float32Array) => build.constant(Tensor.of('float32', [values.length], values));
  const seenDeviation = build.op('Sqrt', [build.op('Add', [seen.variance, build.scalar(epsilon)])]);
  const parts = [
    [seen.mean, constant(mean.toFloat32().slice())],
    [seenDeviation, constant(deviation)],
  ].map(([is, was]) => {
    const apart = build.op('Div', [build.op('Sub', [is, was]), constant(deviation)]);
    return build.op('ReduceMean', [build.op('Mul', [apart, apart])], { keepdims: 0 });
  });
  return [build.op('Add', parts)];
}
