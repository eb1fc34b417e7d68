import { isFloat } from '../../onnx/index.js';
import type { LossBuilder } from './loss.js';
import { headOf } from './scores.js';

/** The mean square of outputs, of a label of the scores that it is made of: its gradients tell what matters in a model that makes no mistakes. */
export function meanPower(outputs: readonly string[]): LossBuilder {
  return ({ build, value }) => {
    const terms = outputs.map((name) => {
      const numbers = isFloat(value(name).dtype) ? value(name) : headOf(value(name)).logits;
      return build.op('ReduceMean', [build.op('Mul', [numbers, numbers])], { keepdims: 0 });
    });
    return terms.length === 1 ? terms[0] : build.op('Sum', terms);
  };
}
