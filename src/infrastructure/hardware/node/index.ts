export type { BenchOptions } from './bench.js';
export { type CompareOptions, type Comparison, compareLatency, withinSeconds } from './compare.js';
export { type DownloadOptions, downloadBytes } from './download.js';
export { type Latency, type LatencyOptions, measureLatency } from './latency.js';
export { type ResidentMemory, startMemoryMeter } from './memory.js';
export { type LayerTimes, type LayerTimesOptions, timeLayers } from './layer-times.js';
export { allSamples, type CalibrateOptions, calibrate, timeSamples } from './calibration/calibrate.js';
export type { Sample } from './calibration/sample.js';
