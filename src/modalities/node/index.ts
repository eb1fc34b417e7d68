/** Opening data of every kind. Sample data to try things with. */
export { addReader, isBuiltin, type OpenOptions, type Reader } from '../../data/node/index.js';
export { openModel } from './model-folder.js';
export { openDataset, openSamples } from './open.js';
export { SAMPLES } from './samples/index.js';
export type { SampleData } from './samples/sample-data.js';
