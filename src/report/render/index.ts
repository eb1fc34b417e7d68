export { diffHtml, inspectHtml, reportHtml } from './html/index.js';
export { type ChartOptions, frontSvg, layersSvg, sensitivitySvg, trainingSvg } from './svg/index.js';
export {
  diffText,
  type FrontTableOptions,
  frontTable,
  type InspectTableOptions,
  inspectTable,
  type TerminalOptions,
} from './terminal/index.js';
