export { benchOf } from './bench.js';
export { defaultScheduleFile, readSchedules, writeSchedules } from './file.js';
export type { TuneRequest } from './request.js';
export type { Gain } from './search.js';
export { type Tuned, tune } from './tune.js';
