export { loadModel, modelBytes } from './load.js';
export { type SaveOptions, saveModel } from './save.js';
