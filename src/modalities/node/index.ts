/** What modalities need of Node: files. */
export { SAMPLES, type SampleData } from './samples/index.js';
