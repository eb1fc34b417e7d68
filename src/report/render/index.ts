export { diffHtml, inspectHtml, programHtml, reportHtml } from './html/index.js';
export { type ChartOptions, frontSvg, layersSvg, memorySvg, sensitivitySvg, trainingSvg } from './svg/index.js';
export {
  diffText,
  type FrontTableOptions,
  frontTable,
  type InspectTableOptions,
  inspectTable,
  programTable,
  type TerminalOptions,
} from './terminal/index.js';
