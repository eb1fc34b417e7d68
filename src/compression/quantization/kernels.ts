import { lookup } from '../../base/index.js';
import type { Node } from '../../onnx/index.js';

/**
 * What ONNX Runtime's CPU and WebAssembly kernels do with a quantized layer that has a weight:
 * 'integers': computes in integers if its result is quantized too, else not at all;
 * 'either': computes in integers and hands on integers or floats;
 * 'none': has no integer kernel: a quantized weight is turned into floats first.
 */
export type IntegerKernel = 'integers' | 'either' | 'none';

const kernels: Readonly<Record<string, IntegerKernel>> = { Conv: 'integers', Gemm: 'either', MatMul: 'either' };

/** ONNX Runtime fuses Conv to QLinearConv, Gemm to QGemm, and MatMul to QLinearMatMul or MatMulIntegerToFloat. */
export function integerKernel(node: Node): IntegerKernel {
  return node.domain === '' ? (lookup(kernels, node.op) ?? 'none') : 'none';
}
