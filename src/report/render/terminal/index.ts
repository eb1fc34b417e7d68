export { diffText } from './diff.js';
export { type FrontTableOptions, frontTable } from './front.js';
export { type InspectTableOptions, inspectTable } from './inspect.js';
export { programTable } from './program.js';
export type { TerminalOptions } from './text.js';
