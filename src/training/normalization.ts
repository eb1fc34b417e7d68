import type { GraphBuilder, Node, Value } from '../onnx/index.js';
import { batchStatistics, channelsOf, inverseDeviation } from '../ops/index.js';

/** A running statistic, and what a batch adds to it. */
export interface RunningStatistic {
  /** The initializer that holds it. */
  running: Value;
  /** The batch's own. */
  batch: Value;
  /** The share of the running one that a step keeps, in [0, 1]. */
  momentum: number;
}

/**
 * Writes a BatchNormalization in training mode (opset 15) as sums and arithmetic, in place. Statistics, running ones included, are those of the
 * operator's definition: the population's, of which momentum keeps a part at each step.
 *
 * ONNX Runtime's own kernel writes the new running statistics into the memory of the old ones, though others may still read those; and its
 * sums, unlike these, are not shared with the gradient, which starts with the same ones.
 * @returns its running mean and variance, which are still to be moved.
 */
export function expandBatchNormalization(build: GraphBuilder, node: Node): RunningStatistic[] {
  const [x, scale, bias, ...running] = node.inputs as Value[];
  const [y] = node.outputs;
  const { mean, variance } = batchStatistics(build, x);
  const slope = build.op('Mul', [scale, inverseDeviation(build, variance, node.float('epsilon', 1e-5))]);
  const offset = build.op('Sub', [bias, build.op('Mul', [mean, slope])]);
  takeOver(build, y, channelsOf(build, x).affine(x, slope, offset));
  const momentum = node.float('momentum', 0.9);
  build.graph.remove(node);
  return [mean, variance].map((batch, index) => ({ running: running[index], batch, momentum }));
}

/** Makes `target` the output of the node that made `value`. */
function takeOver(build: GraphBuilder, target: Value | undefined, value: Value): void {
  const { producer } = value;
  if (!target || !producer) return;
  producer.setOutput(0, target);
  build.type(producer);
}
