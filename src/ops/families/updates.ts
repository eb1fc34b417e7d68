import { type Family, type InferRule, noMacs, type OpRule, refuses } from '../rule.js';

/**
 * Optimizers take rate, step, then for n tensors all values, all gradients, and `states` groups of n states each. They return the new values
 * and the new states.
 */
function inferUpdate(states: number): InferRule {
  return (context) => {
    const count = (context.node.inputs.length - 2) / (states + 2);
    if (!Number.isInteger(count))
      context.fail(`Inputs after the first two do not come in groups of ${states + 2}`, undefined, String(context.node.inputs.length));
    return context.node.outputs.map((_, index) => {
      const type = context.type(index < count ? 2 + index : 2 + count + index);
      return type && { type };
    });
  };
}

function update(infer: InferRule): OpRule {
  const reason = 'it is a step of training, not a part of a model';
  return { infer, macs: noMacs, gradient: refuses(reason), coupling: refuses(reason), quantization: { kind: 'float' }, upgrades: {} };
}

/** The operators of ai.onnx.preview.training: optimizer steps, and gradients as one operator. */
export const updates: Family = {
  Adagrad: update(inferUpdate(1)),
  Adam: update(inferUpdate(2)),
  Gradient: update((context) =>
    context.node.outputs.map((_, index) => {
      const type = context.type(index);
      return type && { type };
    }),
  ),
  Momentum: update(inferUpdate(1)),
};
