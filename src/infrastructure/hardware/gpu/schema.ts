import { z } from 'zod';
import { described, positive } from '../schema.js';

const share = z.number().gt(0).max(1);

/** What no data sheet says of a card, unless a file does. */
export const assumed = { float32As: 'tf32', launchSeconds: 3e-6, computeShare: 0.8, memoryShare: 0.85 } as const;

/** A graphics card as a JSON file describes it. */
export const gpuSchema = z.strictObject({
  kind: z.literal('gpu'),
  ...described,
  /** Streaming multiprocessors: what a wave of tiles is spread over. */
  multiprocessors: z.number().int().min(1),
  /** Peak multiply-accumulates per second without sparsity: half of the operations that data sheets count. `float32` is that of the cores without tensor units. */
  macsPerSecond: z.strictObject({
    float32: positive,
    tf32: positive.optional(),
    float16: positive,
    int8: positive,
  }),
  /** Which rate products of float32 matrices have. Default: tf32 where the card has it, as runtimes do by default. */
  float32As: z.enum(['float32', 'tf32']).default(assumed.float32As),
  memoryBytesPerSecond: positive,
  memoryBytes: positive,
  /** Power of the board while it computes. */
  watts: positive,
  /** Seconds from one kernel to the next. */
  launchSeconds: z.number().nonnegative().default(assumed.launchSeconds),
  /** Share of the peak that good kernels reach on whole waves, and of the memory's bandwidth. */
  computeShare: share.default(assumed.computeShare),
  memoryShare: share.default(assumed.memoryShare),
});

export type GpuProfile = Readonly<z.infer<typeof gpuSchema>>;
