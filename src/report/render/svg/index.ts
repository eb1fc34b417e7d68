export { layersSvg, sensitivitySvg } from './bars.js';
export { trainingSvg } from './curves.js';
export { frontSvg } from './front.js';
export type { ChartOptions } from './theme.js';
