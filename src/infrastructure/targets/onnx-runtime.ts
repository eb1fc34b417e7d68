import { lookup } from '../../base/index.js';
import type { DataType } from '../../onnx/index.js';
import type { IntegerKernel, Kernels } from './target.js';

const integerKernels: Readonly<Record<string, IntegerKernel>> = { Conv: 'integers', Gemm: 'either', MatMul: 'either' };

/** Domains with kernels in ONNX Runtime's own builds, and what those begin with that it makes by itself. */
const DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'ai.onnx.training', 'ai.onnx.preview', 'ai.onnx.preview.training']);
const OWN = /^com\.(microsoft|ms)(\.|$)/;

/** What all builds of ONNX Runtime have in common: the processor's kernels, native and in WebAssembly, on which others fall back. */
export const onnxRuntimeKernels: Kernels = {
  has: ({ domain }) => DOMAINS.has(domain) || OWN.test(domain),
  /** ONNX Runtime fuses Conv to QLinearConv, Gemm to QGemm, and MatMul to QLinearMatMul or MatMulIntegerToFloat. */
  integer: ({ domain, op }) => (domain === '' ? (lookup(integerKernels, op) ?? 'none') : 'none'),
  /** ConvInteger is about four times slower with int8 weights than with uint8 ones around 128. */
  quickWeights: ({ op }) => (op === 'Conv' ? 'uint8' : 'int8'),
};

export const onnxRuntimeTypes: ReadonlySet<DataType> = new Set<DataType>([
  ...(['float32', 'float64', 'float16', 'bfloat16'] as const),
  ...(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const),
  ...(['int4', 'uint4', 'int2', 'uint2', 'bool', 'string'] as const),
  ...(['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'float4e2m1'] as const),
]);
