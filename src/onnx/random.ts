import type { Node } from './graph.js';

/** Operators that give another result at each call. Dropout does so only in training. */
const random = new Set(['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Bernoulli', 'Multinomial', 'Dropout']);

/** Domains whose operators are known to give the same result for the same inputs, but for the random ones. */
const pure = new Set(['', 'ai.onnx', 'ai.onnx.ml']);

/**
 * Whether a node may give another result when it is run again on the same inputs: random operators, those of domains that nothing is known
 * about, and nodes that hold either in a subgraph.
 */
export function mayVary(node: Node): boolean {
  return !pure.has(node.domain) || random.has(node.op) || node.subgraphs().some((graph) => graph.nodes.some(mayVary));
}
