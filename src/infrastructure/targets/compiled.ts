import type { DataType } from '../../onnx/index.js';
import { ruleOf } from '../../ops/index.js';
import { kernelOf } from '../codegen/index.js';
import type { Kernels } from './target.js';

const integerLayers: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** What code that is generated from a graph can do, in whichever language. */
export const compiledKernels: Kernels = {
  /** Any operator that is known may be computed, written in others or replaced by its result before kernels are looked for, which a check tells. */
  has: (node) => (kernelOf(node) ?? ruleOf(node)) !== undefined,
  /** Layers whose inputs and weights are quantized sum integers, and hand on integers or floats. */
  integer: ({ domain, op }) => (domain === '' && integerLayers.has(op) ? 'either' : 'none'),
  quickWeights: () => 'int8',
};

/** Types that it computes with; 16-bit floats are made 32-bit ones beforehand. */
export const compiledTypes: ReadonlySet<DataType> = new Set<DataType>([
  ...(['float32', 'float64', 'float16', 'bfloat16', 'bool'] as const),
  ...(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const),
  ...(['int4', 'uint4', 'int2', 'uint2'] as const),
]);
