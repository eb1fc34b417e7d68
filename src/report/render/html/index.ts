export { diffHtml } from './diff.js';
export { inspectHtml } from './inspect.js';
export { programHtml } from './program.js';
export { reportHtml } from './report.js';
