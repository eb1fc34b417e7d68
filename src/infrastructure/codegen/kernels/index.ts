export type * from './rule.js';
export { addKernel, kernelOf, operatorsWithKernels } from './table.js';
