import type { Node } from '../../onnx/index.js';

const random = new Set(['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Bernoulli', 'Multinomial', 'Dropout']);

/** Whether the operator gives another result at each call. */
export function isRandom(node: Node): boolean {
  return node.domain === '' && random.has(node.op);
}
