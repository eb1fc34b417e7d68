export type { BenchOptions } from './bench.js';
export { allSamples, type CalibrateOptions, calibrate, timeSamples } from './calibration/calibrate.js';
export { modelOf as modelOfSamples, type Sample } from './calibration/sample.js';
export { type CompareOptions, type Comparison, compareLatency, withinSeconds } from './compare.js';
export { type DownloadOptions, downloadBytes } from './download.js';
export { type Latency, type LatencyOptions, measureLatency } from './latency.js';
export { type LayerTimes, type LayerTimesOptions, timeLayers } from './layer-times.js';
export { type ResidentMemory, startMemoryMeter } from './memory.js';
export { measureServing, type ServingOptions } from './serving.js';
