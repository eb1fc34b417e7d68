export { type Advice, type Advised, advise, PLACES, type Place } from './advise.js';
export { type FeatureName, type Features, type Seen, seenIn } from './features.js';
export { type Expected, expected, GAINS_SCHEMA, type GainsTable, gainsTable } from './gains.js';
