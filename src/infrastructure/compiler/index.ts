export { lowerToBlocked } from './blocked/index.js';
export { cancelMoves } from './cancel-moves.js';
export { type Defect, type DefectOptions, findDefects, requireSound } from './defects.js';
export { foldConstants } from './fold-constants.js';
export { foldNormalization } from './fold-normalization.js';
export { fixedBatch, freeBatch } from './free-batch.js';
export { simplify } from './simplify.js';
export { lowerToWebGpu, type WebGpuForm } from './webgpu/index.js';
