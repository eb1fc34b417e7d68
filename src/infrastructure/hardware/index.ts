export type { ParameterTable } from './constants.js';
export { type DeviceProfile, deviceProfiles, parseDeviceProfile } from './devices.js';
export { type ArithmeticType, type EnergyEstimate, horowitz45nm } from './energy.js';
export { type FeedOptions, makeFeeds } from './feeds.js';
export { type Footprint, type FootprintOptions, footprint } from './footprint.js';
export type { Gap, LayerCost } from './layers.js';
export type { PeakMemory } from './liveness.js';
export { estimateLatency, type LatencyEstimate, type LayerEstimate } from './roofline.js';
export { coefficientOfVariation, type Interval, medianInterval, quantile } from './statistics.js';
