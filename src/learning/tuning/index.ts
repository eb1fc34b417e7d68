export { type TrainingOptions, trainingSchema, trainOptions, trainTechnique } from './train.js';
