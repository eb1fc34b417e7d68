export { type FrontTableOptions, frontTable, type InspectTableOptions, inspectTable, type TerminalOptions } from './terminal/index.js';
