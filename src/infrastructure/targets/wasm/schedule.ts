import type { Schedule } from '../../codegen/index.js';

/** What was fastest in V8 on x64: sixteen registers of 128 bits hold eight sums, what is added to them, and the weights. */
export const wasmSchedule: Partial<Schedule> = {
  convolution: { rows: 4, lanes: 8 },
  depthwise: { rows: 4, lanes: 8 },
  product: { rows: 4, lanes: 8 },
  requantization: 'floats',
};
