export { deviceTimes } from '../view/index.js';
export { isLoopback } from './address.js';
export { DeviceMeter, type DeviceMeterOptions } from './devices/meter.js';
export { findingsIn } from './devices/record.js';
export type { StudioLimits, StudioOptions } from './options.js';
export type { FollowedRun, RunSource } from './runs/source.js';
export { openStudio, type Studio } from './studio.js';
export { makeCertificate } from './tls.js';
