export { lowerToBlocked } from './blocked/index.js';
export { cancelMoves } from './cancel-moves.js';
export { type Defect, type DefectOptions, findDefects, requireSound } from './defects.js';
export { type Execution, orderForExecution } from './execution-order.js';
export { foldConstants } from './fold-constants.js';
export { foldNormalization } from './fold-normalization.js';
export { forgetSizes } from './forget-sizes.js';
export { fixedBatch, freeBatch } from './free-batch.js';
export { simplify } from './simplify.js';
