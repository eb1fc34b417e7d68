export { type Factorized, type FactorizedLayer, type FactorizeOptions, factorizeModel, type WholeLayer } from './factorize.js';
export { type LowRankOptions, lowRank } from './low-rank.js';
