export { type Affine, affineOfRange, type IntegerType, type Range } from './affine.js';
export { type AwareOptions, quantizeAwareTrain } from './aware.js';
export type { CalibrationMethod } from './calibration/observers.js';
export { quantizeDynamic, quantizeWeights, type WithoutDataOptions, type WithoutDataResult } from './dynamic.js';
export { type BlockOptions, type BlockResult, quantizeBlocks, ROUNDINGS, type Rounding } from './few-bits/quantize-blocks.js';
export { whereWeightsAre } from './nothing.js';
export type { Layer, Plan } from './plan.js';
export { type QuantizeOptions, quantize } from './quantize.js';
export { quantizeStatic, type StaticOptions } from './static.js';
