export { diffText } from './diff.js';
export { type EstimateTableOptions, estimateTable } from './estimate.js';
export { type FrontTableOptions, frontTable } from './front.js';
export { estimatesTable, hardwareTable } from './hardware.js';
export { type InspectTableOptions, inspectTable } from './inspect.js';
export { liveText } from './live.js';
export { programTable } from './program.js';
export { servingTable } from './serving.js';
export type { TerminalOptions } from './text.js';
