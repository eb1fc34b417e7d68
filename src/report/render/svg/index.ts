export { layersSvg, sensitivitySvg } from './bars.js';
export { trainingSvg } from './curves.js';
export { frontSvg } from './front.js';
export { memorySvg } from './memory.js';
export type { ChartOptions } from './theme.js';
