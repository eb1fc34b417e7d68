/** Opening data of every kind: importing this adds the readers of all modalities to those of data. Sample data to try things with. */
export { addReader, type OpenOptions, openDataset, openSamples, type Reader } from '../../data/node/index.js';
export { SAMPLES, type SampleData } from './samples/index.js';
