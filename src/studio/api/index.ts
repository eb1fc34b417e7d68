export type * from './devices.js';
export type * from './runs.js';
