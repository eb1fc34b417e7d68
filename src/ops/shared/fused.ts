import { type InferRule, noMacs, type OpRule, refuses } from '../rule.js';

const optimized = refuses('it is a fused operator of ONNX Runtime; start from the model before its optimizer ran');

/** Fused operators are what runtimes' optimizers write: they are inspected and run, not trained or pruned. */
export function fused(infer: InferRule, macs: OpRule['macs'] = noMacs): OpRule {
  return { infer, macs, gradient: optimized, coupling: optimized, quantization: { kind: 'float' }, upgrades: {} };
}
