// Beside what reads files, for the face of formats brings what writes them, too.
export { withRealEdges } from '../tflite/real-edges.js';
export { isTfliteFile, isTfliteName, loadModel, modelBytes, saveModel } from './files.js';
