export { diffHtml, estimateHtml, inspectHtml, programHtml, reportHtml } from './html/index.js';
export { type ChartOptions, frontSvg, layersSvg, memorySvg, sensitivitySvg, trainingSvg } from './svg/index.js';
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
  liveText,
  programTable,
  servingTable,
  type TerminalOptions,
} from './terminal/index.js';
