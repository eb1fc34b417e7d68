export { graphInfo, MOST_NODES } from './graph-info.js';
