import { tensorType } from '../../onnx/index.js';
import { crossEntropyGradient, likelihoodGradient } from '../gradients/losses.js';
import { type CouplingRule, type Family, type GradientRule, type InferRule, noMacs, type OpRule } from '../rule.js';

/** Without a reduction there is one loss per label. */
const infer: InferRule = (context) => {
  const each = context.node.string('reduction', 'mean') === 'none';
  const logProbabilities = { type: tensorType(context.dtype(0), context.shape(0)) };
  return [{ type: tensorType(context.dtype(0), each ? context.shape(1) : []) }, logProbabilities];
};

/** Scores [N, C, d1, …] and labels [N, d1, …]; classes are locked. */
const couples: CouplingRule = (context) => {
  const [scores, labels] = [context.input(0), context.input(1)];
  const loss = context.output();
  context.shape(labels).forEach((_, axis) => {
    const sample = { value: labels, axis };
    context.tie(sample, { value: scores, axis: axis === 0 ? 0 : axis + 1 });
    if (context.shape(loss).length > 0) context.tie(sample, { value: loss, axis });
  });
  const logProbabilities = context.node.outputs[1];
  if (!logProbabilities) return;
  context.shape(scores).forEach((_, axis) => {
    if (axis !== 1) context.tie({ value: scores, axis }, { value: logProbabilities, axis });
  });
};

function loss(gradient: GradientRule): OpRule {
  return { infer, macs: noMacs, gradient, coupling: couples, quantization: { kind: 'float' }, upgrades: {} };
}

/** Classification losses. Class weights have no gradient. */
export const losses: Family = {
  NegativeLogLikelihoodLoss: loss(likelihoodGradient),
  SoftmaxCrossEntropyLoss: loss(crossEntropyGradient),
};
