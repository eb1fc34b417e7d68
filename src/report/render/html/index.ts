export { diffHtml } from './diff.js';
export { inspectHtml } from './inspect.js';
export { reportHtml } from './report.js';
