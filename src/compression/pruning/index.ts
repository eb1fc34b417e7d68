export { type ChannelOptions, type PrunedChannels, pruneModel } from './channels.js';
export type { CostKind } from './cost.js';
export { type Blocked, type Dependencies, type DependencyOptions, findDependencies, type Group, type Part } from './dependencies.js';
export type { Axis, Elements } from './elements.js';
export type { Importance } from './importance.js';
export { findLayers, type Layer } from './layers.js';
export { magnitudeImportance } from './magnitude.js';
export { removeGroups } from './shrink.js';
