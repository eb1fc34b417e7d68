import { onnxRuntimeKernels, onnxRuntimeTypes } from '../onnx-runtime.js';
import type { TargetFacts } from '../target.js';

/** ONNX Runtime in Node, on the processor: what other targets are compared with. */
export const ortNode: TargetFacts = {
  name: 'ort-node',
  title: 'onnxruntime-node',
  kernels: onnxRuntimeKernels,
  types: onnxRuntimeTypes,
  layouts: ['channels-blocked', 'channels-first'],
  passes: [],
  // Threads add up in another order.
  tolerance: 1e-4,
};
