import { z } from 'zod';

const time = z.number().nonnegative();

/** Seconds for each of what a time is linear in. */
const costs = z.strictObject({
  layers: time,
  cold: time,
  macs: time,
  gathered: time,
  weightBytes: time,
  readBytes: time,
  writtenBytes: time,
  elements: time,
  pieces: time,
});

/** A processor as `espalier estimate --calibrate` describes it. */
export const cpuSchema = z.strictObject({
  kind: z.literal('cpu'),
  name: z.string().min(1),
  title: z.string().min(1),
  source: z.string().min(1),
  threads: z.number().int().min(1),
  /** By kernel: an operator, with its type and form where kernels differ, and without. Those that are absent take `other`. */
  classes: z.record(z.string(), costs),
  other: costs,
  memoryBytes: z.number().positive().optional(),
  /** Power while it computes, where it is known. */
  watts: z.number().positive().optional(),
});

export type CpuProfile = Readonly<z.infer<typeof cpuSchema>>;
export type CpuCosts = Readonly<z.infer<typeof costs>>;
