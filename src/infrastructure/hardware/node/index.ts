export type { BenchOptions } from './bench.js';
export { type CompareOptions, type Comparison, compareLatency, withinSeconds } from './compare.js';
export { type DownloadOptions, downloadBytes } from './download.js';
export { type Latency, type LatencyOptions, measureLatency } from './latency.js';
export { type ResidentMemory, startMemoryMeter } from './memory.js';
