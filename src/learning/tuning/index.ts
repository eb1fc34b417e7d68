export { trainingNotes } from './notes.js';
export { type TrainingOptions, trainingLabel, trainingSchema, trainOptions, trainTechnique } from './train.js';
