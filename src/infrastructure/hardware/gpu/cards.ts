import { assumed, type GpuProfile } from './schema.js';

const T = 1e12;

/** Published numbers, without sparsity; two operations are one multiply-accumulate. Launch time and shares of the peak are assumed, and the same for all. */
export const gpuCards: readonly GpuProfile[] = [
  {
    kind: 'gpu',
    name: 'h100-sxm',
    title: 'NVIDIA H100 80 GB SXM5',
    source:
      'NVIDIA H100 Tensor Core GPU datasheet and architecture whitepaper: 132 SMs, TFLOPS fp32 66.9, tf32 494.7, fp16 989.4, int8 1978.9 TOPS, 3.35 TB/s, 700 W',
    multiprocessors: 132,
    macsPerSecond: { float32: 33.45 * T, tf32: 247.35 * T, float16: 494.7 * T, int8: 989.45 * T },
    memoryBytesPerSecond: 3.35e12,
    memoryBytes: 80e9,
    watts: 700,
    ...assumed,
  },
  {
    kind: 'gpu',
    name: 'a100-sxm',
    title: 'NVIDIA A100 80 GB SXM4',
    source: 'NVIDIA A100 Tensor Core GPU datasheet: 108 SMs, TFLOPS fp32 19.5, tf32 156, fp16 312, int8 624 TOPS, 2,039 GB/s, 400 W',
    multiprocessors: 108,
    macsPerSecond: { float32: 9.75 * T, tf32: 78 * T, float16: 156 * T, int8: 312 * T },
    memoryBytesPerSecond: 2.039e12,
    memoryBytes: 80e9,
    watts: 400,
    ...assumed,
  },
  {
    kind: 'gpu',
    name: 't4',
    title: 'NVIDIA T4',
    source:
      'NVIDIA T4 datasheet and product brief, Turing architecture whitepaper: 40 SMs, TFLOPS fp32 8.1, fp16 65, int8 130 TOPS, 70 W; 320 GB/s by the brief; no tf32',
    multiprocessors: 40,
    macsPerSecond: { float32: 4.05 * T, float16: 32.5 * T, int8: 65 * T },
    memoryBytesPerSecond: 320e9,
    memoryBytes: 16e9,
    watts: 70,
    ...assumed,
  },
  {
    kind: 'gpu',
    name: 'rtx-4090',
    title: 'NVIDIA GeForce RTX 4090',
    source:
      'NVIDIA Ada GPU architecture whitepaper: 128 SMs, TFLOPS fp32 82.6, tf32 82.6, fp16 with fp32 accumulation 165.2, int8 660.6 TOPS, 1,008 GB/s, 450 W',
    multiprocessors: 128,
    macsPerSecond: { float32: 41.3 * T, tf32: 41.3 * T, float16: 82.6 * T, int8: 330.3 * T },
    memoryBytesPerSecond: 1.008e12,
    memoryBytes: 24e9,
    watts: 450,
    ...assumed,
  },
  {
    kind: 'gpu',
    name: 'jetson-orin-nano',
    title: 'NVIDIA Jetson Orin Nano 8 GB',
    source:
      'NVIDIA Jetson Orin Nano series data sheet (DS-11105): 8 SMs (1,024 cores, 32 tensor cores) at 625 MHz, int8 20 TOPS (40 with sparsity), 68 GB/s, 15 W, before the clocks of "Super" mode; fp16 half, tf32 a quarter of int8, fp32 1.28 TFLOPS from the cores',
    multiprocessors: 8,
    macsPerSecond: { float32: 0.64 * T, tf32: 2.5 * T, float16: 5 * T, int8: 10 * T },
    memoryBytesPerSecond: 68e9,
    memoryBytes: 8e9,
    watts: 15,
    ...assumed,
    launchSeconds: 10e-6,
  },
];
