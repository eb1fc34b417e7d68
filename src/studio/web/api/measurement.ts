import * as z from 'zod/mini';

/** What one backend did. */
export const measurement = z.looseObject({
  backend: z.enum(['wasm', 'webgpu']),
  threads: z.number(),
  load: z.optional(z.number()),
  p50: z.optional(z.number()),
  p95: z.optional(z.number()),
  memory: z.optional(z.number()),
  difference: z.optional(z.number()),
  status: z.enum(['agrees', 'differs', 'fails']),
  error: z.optional(z.string()),
});
