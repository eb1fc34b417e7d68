import { type Schedule, tiling } from '../../codegen/index.js';

/** What was fastest in V8 on x64: sixteen registers of 128 bits hold eight sums, what is added to them, and the weights. */
export const wasmSchedule: Partial<Schedule> = {
  convolution: tiling(4, 8),
  integerConvolution: tiling(4, 8),
  pairedConvolution: tiling(4, 8),
  requantization: 'floats',
};
