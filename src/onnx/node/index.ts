export { loadModel, modelBytes, weightFiles } from './load.js';
export { type SaveOptions, saveModel } from './save.js';
