/** Why two models answer differently. Runs in Node and in a page. */
export { type DiffRequest, diff } from './diff.js';
export type { ChangedSample, ClassChanges, DiffInfo, LayerCause } from './info.js';
export { fidelityOnMadeUpInputs, type MadeUpRequest } from './made-up.js';
