export * from './build.js';
export { keyOf } from './key.js';
export { unrolled } from './rounds.js';
export { assign, lanes, local, loop, loops, mutable, range, repeatWhile, set, store, unrolledLoop, when } from './statements.js';
export { structureOf } from './structure.js';
export * from './types.js';
export { hasVectors, type VectorOptions, vectorized } from './vectorize.js';
export { bodiesOf, expressionsIn, expressionsOf, readsOf, replaceIn, replaceWithin, statementsOf, within, writesOf } from './walk.js';
