import { z } from 'zod';
import { described, positive } from '../schema.js';
import { type Feature, features } from './classes.js';

const time = z.number().nonnegative();

/** Seconds for each of what a time is linear in. */
const costs = z.strictObject(Object.fromEntries(features.map((feature) => [feature, time])) as Record<Feature, typeof time>);

/** A processor as `espalier estimate --calibrate` describes it. */
export const cpuSchema = z.strictObject({
  kind: z.literal('cpu'),
  ...described,
  threads: z.number().int().min(1),
  /** By kernel: an operator, with its type and form where kernels differ, and without. Those that are absent take `other`. */
  classes: z.record(z.string(), costs),
  other: costs,
  memoryBytes: positive.optional(),
  /** Power while it computes, where it is known. */
  watts: positive.optional(),
});

export type CpuProfile = Readonly<z.infer<typeof cpuSchema>>;
export type CpuCosts = Readonly<z.infer<typeof costs>>;
