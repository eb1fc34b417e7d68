import type { GraphBuilder, Node, Value } from '../onnx/index.js';
import { batchStatistics, channelsOf, inverseDeviation } from '../ops/index.js';

/**
 * Writes a BatchNormalization in training mode (opset 15) as sums and arithmetic, in place. Statistics, running ones included, are those of the
 * operator's definition: the population's, of which momentum keeps a part at each step.
 *
 * ONNX Runtime's own kernel writes the new running statistics into the memory of the old ones, though others may still read those; and its
 * sums, unlike these, are not shared with the gradient, which starts with the same ones.
 */
export function expandBatchNormalization(build: GraphBuilder, node: Node): void {
  const [x, scale, bias, ...running] = node.inputs as Value[];
  const [y, ...next] = node.outputs;
  const { mean, variance } = batchStatistics(build, x);
  const slope = build.op('Mul', [scale, inverseDeviation(build, variance, node.float('epsilon', 1e-5))]);
  const offset = build.op('Sub', [bias, build.op('Mul', [mean, slope])]);
  takeOver(build, y, channelsOf(build, x).affine(x, slope, offset));
  const momentum = node.float('momentum', 0.9);
  for (const [index, now] of [mean, variance].entries()) {
    const kept = build.op('Mul', [running[index], build.scalar(momentum, now.dtype)]);
    const added = build.op('Mul', [now, build.scalar(1 - momentum, now.dtype)]);
    takeOver(build, next[index], build.op('Add', [kept, added]));
  }
  build.graph.remove(node);
}

/** Makes `target` the output of the node that made `value`. */
function takeOver(build: GraphBuilder, target: Value | undefined, value: Value): void {
  const { producer } = value;
  if (!target || !producer) return;
  producer.setOutput(0, target);
  build.type(producer);
}
