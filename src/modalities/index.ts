/** Kinds of data, and how data of each kind is fitted to a model. Runs in Node and in a page; what reads files is in modalities/node. */

export type { FrontEnd } from './audio/features/spec.js';
export { type FrontEndForm, SOUND_INPUT, withFrontEnd } from './audio/graph/front-end.js';
export { imageSize } from './image/input-size.js';
export type { Fresh, Modality, Searched, Shown } from './modality.js';
export {
  type NotedSplit,
  notedCategories,
  notedColumns,
  notedPreprocess,
  notedSampleRate,
  notedSplit,
  notedTask,
  noteSplit,
  noteTask,
} from './notes.js';
export { type NamedAnswer, type Prediction, type Predictor, predictor } from './predict/predictor.js';
export { addModality, modalities, modalityOf } from './registry.js';
export { createTask, type TaskSetup } from './setup/create-task.js';
export { type FreshRequest, freshModel } from './setup/fresh.js';
export { forgetLikely, likelyOf, noteLikely } from './setup/likely.js';
export type { TaskOptions } from './setup/task-options.js';
export { preprocessesFor, searchedOn, usualAugmentation } from './setup/ways.js';
