import { z } from 'zod';
import { FormatError } from '../../base/index.js';

/** What messages to a run say that they are. */
export const STEERING_SCHEMA = 'espalier/steering@1';

const limit = z.number().min(0).nullable();

/** Limits that are changed: null lifts one; what is not named stays. */
const limits = z.strictObject({
  maxSize: limit.optional(),
  maxLatency: limit.optional(),
  maxMemory: limit.optional(),
  maxRam: limit.optional(),
  maxFlash: limit.optional(),
  maxDrop: limit.optional(),
  minQuality: limit.optional(),
  maxMacs: limit.optional(),
});

const value = z.union([z.number(), z.string(), z.boolean()]);

const steering = z.discriminatedUnion('kind', [
  /** No trial is begun until it is resumed; those that run go on. */
  z.strictObject({ kind: z.literal('pause') }),
  z.strictObject({ kind: z.literal('resume') }),
  /** As when a budget is over: what is done is measured and written. */
  z.strictObject({ kind: z.literal('stop') }),
  /** What the trials after it must keep to; what was tried before is judged anew. */
  z.strictObject({ kind: z.literal('limits'), limits }),
  /** A trial by hand, before whatever is proposed next: a point of the run's space. */
  z.strictObject({ kind: z.literal('trial'), point: z.record(z.string(), value) }),
  /** How many recipes are tried in all. */
  z.strictObject({ kind: z.literal('trials'), trials: z.number().int().min(1) }),
]);

/** What a run in progress can be told. */
export type Steering = z.infer<typeof steering>;

/** @throws FormatError for what is no message to a run. */
export function parseSteering(message: unknown, where: string): Steering {
  const { data, error } = steering.safeParse(message);
  if (data) return data;
  const [issue] = error.issues;
  throw new FormatError({ what: 'Not a message to a run', where, got: `${issue.path.join('.') || 'it'}: ${issue.message}` });
}
