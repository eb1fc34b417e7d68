import type { RooflineProfile } from './schema.js';

/**
 * Devices of which there is no closer model. Peak numbers are arithmetic from the architecture; sustained ones, and bandwidths, are taken as half of the
 * peak or less. They rank models and find what does not fit; only a measurement tells the latency.
 */
export const rooflineDevices: readonly RooflineProfile[] = [
  {
    kind: 'roofline',
    name: 'server-2-cores',
    title: 'Two cores of an x86-64 server with AVX2 at 3 GHz',
    source:
      'Peak: 2 cores × 2 units × 8 lanes × 3 GHz = 96 G multiply-accumulates/s; half of it sustained; int8 by VPMADDUBSW at twice that. 20 GB/s and 5 µs a layer are assumed',
    macsPerSecond: { float32: 48e9, int8: 96e9, int32: 24e9 },
    memoryBytesPerSecond: 20e9,
    startSeconds: 5e-6,
    memoryBytes: 8 * 2 ** 30,
    weightsInStorage: false,
  },
  {
    kind: 'roofline',
    name: 'browser',
    title: 'A page with WebAssembly SIMD, one thread, on a laptop at 3 GHz',
    source:
      'Peak: 128-bit SIMD, 4 lanes, a multiplication and an addition as two instructions, 2 units × 3 GHz = 12 G multiply-accumulates/s; half of it sustained. 8 GB/s and 20 µs a layer are assumed',
    macsPerSecond: { float32: 6e9, int8: 6e9, int32: 3e9 },
    memoryBytesPerSecond: 8e9,
    startSeconds: 20e-6,
    memoryBytes: 2 * 2 ** 30,
    weightsInStorage: false,
  },
  {
    kind: 'roofline',
    name: 'phone',
    title: 'One big core of a phone (Arm Cortex-A76 class at 2.6 GHz)',
    source:
      'Peak: 2 NEON units × 4 lanes × 2.6 GHz = 21 G multiply-accumulates/s for fp32, twice for fp16, four times for int8 (SDOT); half of it sustained. 10 GB/s and 10 µs a layer are assumed',
    macsPerSecond: { float32: 10e9, float16: 20e9, int8: 40e9, int32: 5e9 },
    memoryBytesPerSecond: 10e9,
    startSeconds: 10e-6,
    memoryBytes: 2 ** 30,
    weightsInStorage: false,
  },
];
