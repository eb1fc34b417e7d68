/** Why two models answer differently. Runs in Node and in a page. */
export { type DiffRequest, diff } from './diff.js';
export type { ChangedSample, ClassChanges, DiffInfo, LayerCause } from './info.js';
export { fidelityOnMadeUpInputs, type MadeUpRequest } from './made-up.js';
export { excuses, inputsOf, judgedOutputs, LEAST_SAME, LEAST_SQNR, noiseFaults, noiseText } from './proof/bounds.js';
export { type DistilledSource, distilledSource } from './proof/distilled-source.js';
export { ATTEMPTS, type InventedOptions, inventedFeeds, inventedShapes } from './proof/invented.js';
export { type OutputNoise, QUIET } from './proof/noise.js';
export { type Feeds, type Proof, type ProofRequest, prove, type RealFeeds } from './proof/prove.js';
export { runnableInputs } from './proof/runnable.js';
export { syntheticSource } from './proof/synthetic.js';
