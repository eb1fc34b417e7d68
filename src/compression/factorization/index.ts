export { type FactorizedLayer, type FactorizeOptions, factorizeModel } from './factorize.js';
export { type LowRankOptions, lowRank } from './low-rank.js';
