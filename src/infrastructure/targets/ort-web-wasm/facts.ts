import { onnxRuntimeKernels, onnxRuntimeTypes } from '../onnx-runtime.js';
import type { TargetFacts } from '../target.js';

/** ONNX Runtime in a page, in WebAssembly on one thread. */
export const ortWebWasm: TargetFacts = {
  name: 'ort-web-wasm',
  title: 'onnxruntime-web',
  kernels: onnxRuntimeKernels,
  types: onnxRuntimeTypes,
  layouts: ['channels-first'],
  passes: [],
  tolerance: 1e-3,
};
