export { type FasterRequest, type LayerChoice, slowerLayers, type TimedMode } from './fastest.js';
export { layersWithinTime, type WithinTime, type WithinTimeRequest } from './within-time.js';
