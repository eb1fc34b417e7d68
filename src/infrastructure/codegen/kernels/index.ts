export type * from './rule.js';
export { type Schedule, type TileSize, usualSchedule } from './schedule.js';
export { addKernel, kernelOf } from './table.js';
