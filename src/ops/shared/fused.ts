import { type InferRule, noMacs, type OpRule, type PlainRule, refuses } from '../rule.js';

const optimized = refuses('it is a fused operator of ONNX Runtime; start from the model before its optimizer ran');

/** Fused operators are what runtimes' optimizers write: those with a plain form are written out before anything is trained, pruned or quantized. */
export function fused(infer: InferRule, macs: OpRule['macs'] = noMacs, plain?: PlainRule): OpRule {
  return { infer, macs, gradient: optimized, coupling: optimized, quantization: { kind: 'float' }, upgrades: {}, ...(plain && { plain }) };
}
