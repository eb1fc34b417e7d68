export { lowerToBlocked } from './blocked/index.js';
export { cancelMoves } from './cancel-moves.js';
export { foldConstants } from './fold-constants.js';
export { foldNormalization } from './fold-normalization.js';
export { fixedBatch, freeBatch } from './free-batch.js';
export { isRandom } from './randomness.js';
