import { z } from 'zod';
import type { DeviceHello, DeviceResult } from './devices.js';
import type { StartRun } from './runs.js';

/*
 * What requests carry, by schema: whatever comes in is parsed, never cast. Texts are limited in length, numbers in size, and fields that there are not are refused.
 */

/** What a run's folder may be called: no path, no hidden file, no device of Windows, no option of a command. */
export const RUN_NAME = /^(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/i;

const id = z.string().min(1).max(64);
const path = z.string().min(1).max(1024);
const count = z.number().int().min(1).max(1_000_000);
const limit = z.number().min(0);
/** The command line takes no limit of nothing. */
const size = z.number().positive();

/** What a run is started with. */
export const startRun = z.strictObject({
  name: z.string().regex(RUN_NAME, 'letters, digits, "-" and "_", at most 64, a letter or digit first'),
  model: z.union([
    z.strictObject({ upload: id, path }),
    z.strictObject({ architecture: z.string().min(1).max(64), width: z.number().positive().max(64).optional() }),
  ]),
  data: z.union([z.strictObject({ upload: id }), z.strictObject({ name: z.string().min(1).max(64) })]),
  trials: count.optional(),
  budget: z.number().positive().max(1e10).optional(),
  epochs: count.optional(),
  jobs: z.number().int().min(1).max(256).optional(),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional(),
  objectives: z
    .array(z.enum(['quality', 'bytes', 'macs', 'latency', 'memory']))
    .min(1)
    .max(5)
    .optional(),
  target: z.enum(['c', 'wasm']).optional(),
  limits: z
    .strictObject({
      maxSize: size.optional(),
      maxLatency: size.optional(),
      maxMemory: size.optional(),
      maxMacs: size.optional(),
      maxRam: size.optional(),
      maxFlash: size.optional(),
      maxDrop: limit.optional(),
      minQuality: limit.optional(),
    })
    .optional(),
}) satisfies z.ZodType<StartRun>;

/** How a device introduces itself. */
export const deviceHello = z.strictObject({
  name: z.string().trim().min(1).max(80),
  userAgent: z.string().max(400),
  cores: z.number().int().min(1).max(4096),
  memory: z.number().positive().max(1e6).optional(),
  secure: z.boolean(),
  webgpu: z.boolean(),
}) satisfies z.ZodType<DeviceHello>;

/** A day in milliseconds: nothing that was measured took longer. */
const milliseconds = z.number().min(0).max(86_400_000);

/** What one backend of a device did. */
export const deviceMeasurement = z
  .strictObject({
    backend: z.enum(['wasm', 'webgpu']),
    threads: z.number().int().min(1).max(4096),
    load: milliseconds.optional(),
    p50: milliseconds.optional(),
    p95: milliseconds.optional(),
    memory: z.number().min(0).max(1e15).optional(),
    difference: z.number().min(0).optional(),
    status: z.enum(['agrees', 'differs', 'fails']),
    error: z.string().max(2000).optional(),
  })
  .refine(({ p50, p95 }) => p50 === undefined || p95 === undefined || p50 <= p95, { message: 'p50 is above p95', path: ['p50'] });

/** What a device found. */
export const deviceResult = z.strictObject({ backends: z.array(deviceMeasurement).min(1).max(8) }) satisfies z.ZodType<DeviceResult>;
