import { webGpuPasses } from '../../compiler/index.js';
import { onnxRuntimeKernels, onnxRuntimeTypes } from '../onnx-runtime.js';
import type { TargetFacts } from '../target.js';

/** ONNX Runtime on a graphics card, by WebGPU. What it has no kernel for runs on the processor. */
export const ortWebGpu: TargetFacts = {
  name: 'ort-webgpu',
  title: 'onnxruntime-node, webgpu',
  kernels: onnxRuntimeKernels,
  types: onnxRuntimeTypes,
  layouts: ['channels-last', 'channels-first'],
  passes: webGpuPasses,
  // Drivers may fuse a product and a sum, or not.
  tolerance: 1e-3,
};
