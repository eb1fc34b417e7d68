export type * from './rule.js';
export { type LoopOrder, type Schedule, type TiledKind, type Tiling, tiling, usualSchedule } from './schedule.js';
export * from './space.js';
export { addKernel, kernelOf } from './table.js';
export type { TileSize } from './tile.js';
