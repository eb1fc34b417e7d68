import { compiledKernels, compiledTypes } from '../compiled.js';
import type { TargetFacts } from '../target.js';

/** C99 source that is made of the model, without a runtime. */
export const c: TargetFacts = {
  name: 'c',
  title: 'C99 without a runtime',
  kernels: compiledKernels,
  types: compiledTypes,
  layouts: ['channels-last'],
  passes: [],
  // Sums run in another order.
  tolerance: 1e-4,
};
