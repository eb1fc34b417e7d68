import { compiledKernels, compiledTypes } from '../compiled.js';
import type { TargetFacts } from '../target.js';

/** A WebAssembly module that is made of the model, without a runtime. */
export const wasm: TargetFacts = {
  name: 'wasm',
  title: 'WebAssembly without a runtime',
  kernels: compiledKernels,
  types: compiledTypes,
  layouts: ['channels-last'],
  passes: [],
  // Sums run in another order, and exponentials are polynomials.
  tolerance: 1e-4,
};
