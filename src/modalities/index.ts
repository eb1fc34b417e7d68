/** Kinds of data, and how data of each kind is fitted to a model. Runs in Node and in a page; what reads files is in modalities/node. */
export type { Modality, Shown } from './modality.js';
export { notedPreprocess, notedTask, noteTask } from './notes.js';
export { type NamedAnswer, type Prediction, type Predictor, predictor } from './predict/predictor.js';
export { addModality, modalities, modalityOf } from './registry.js';
export { createTask, type TaskOptions, type TaskSetup } from './setup/create-task.js';
export { preprocessesFor, usualAugmentation } from './setup/ways.js';
