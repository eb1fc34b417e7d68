export { trainingNotes } from './notes.js';
export { type TrainingOptions, trainingSchema, trainOptions, trainTechnique } from './train.js';
