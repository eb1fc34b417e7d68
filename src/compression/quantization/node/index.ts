export { type FasterRequest, type LayerChoice, slowerLayers, type TimedMode } from './fastest.js';
