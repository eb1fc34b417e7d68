export { diffHtml, estimateHtml, inspectHtml, reportHtml } from './html/index.js';
export { type ChartOptions, frontSvg, layersSvg, sensitivitySvg, trainingSvg } from './svg/index.js';
export {
  diffText,
  type EstimateTableOptions,
  estimatesTable,
  estimateTable,
  type FrontTableOptions,
  frontTable,
  hardwareTable,
  type InspectTableOptions,
  inspectTable,
  type TerminalOptions,
} from './terminal/index.js';
