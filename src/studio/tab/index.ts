/** What the page in which nothing leaves the browser does to a model: all of it also runs in Node. */
export type { TabFile } from './files.js';
export type { DecodeImage, ImageSize, Pixels } from './images.js';
export { openData } from './open-data.js';
export { type OpenedModel, openModel } from './open-model.js';
export { type QuantizeMode, quantizeModel } from './quantize-model.js';
export type { CurvePoint, Made, QualityRow } from './results.js';
export { type TuneProgress, tuneModel } from './tune-model.js';
export { type ModelView, type Port, viewModel } from './view-model.js';
