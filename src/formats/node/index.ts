export { isTfliteFile, isTfliteName, loadModel, modelBytes, saveModel } from './files.js';
