import * as z from 'zod/mini';
import type { DeviceJob } from '../../api/index.js';
import { measurement } from '../api/measurement.js';
import type { Result } from './result.js';

// The page's policy runs no code that is made of text.
z.config({ jitless: true });

const text = z.string();
const tensor = z.looseObject({
  name: text,
  dtype: z.enum(['float32', 'float64', 'float16', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool']),
  shape: z.array(z.int().check(z.minimum(0))),
  data: text,
});

const job: z.ZodMiniType<DeviceJob> = z.looseObject({
  id: text,
  run: text,
  model: text,
  label: text,
  about: z.optional(text),
  bytes: z.number().check(z.positive()),
  feeds: z.array(tensor),
  expected: z.array(tensor).check(z.minLength(1)),
  tolerance: z.number().check(z.minimum(0)),
  runs: z.int().check(z.minimum(1), z.maximum(10_000)),
});

const results: z.ZodMiniType<Result[]> = z.array(
  z.looseObject({ run: text, model: text, label: text, about: z.optional(text), backends: z.array(measurement) }),
);

/** @throws Error where the studio's answer is no job. */
export const readJob = (value: unknown): DeviceJob => understood(job, value);
/** @throws Error where the answer has no id. */
export const readId = (value: unknown): string => understood(z.looseObject({ id: text }), value).id;
/** What was kept of results; none where it is something else. */
export const readResults = (value: unknown): Result[] => results.safeParse(value).data ?? [];
/** What a model was at when the page was left. */
export const readAttempt = (value: unknown): { run: string; model: string; backend: string } | undefined =>
  z.looseObject({ run: text, model: text, backend: text }).safeParse(value).data;

function understood<T>(shape: z.ZodMiniType<T>, value: unknown): T {
  const { data, error } = shape.safeParse(value);
  if (error === undefined) return data as T;
  const [{ path, message }] = error.issues;
  throw new Error(
    `This page does not understand the studio (${path.map(String).join('.') || 'its answer'}: ${message}). Load the page again.`,
  );
}
