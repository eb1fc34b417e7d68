import { z } from 'zod';
import type { FeatureName, Features } from './features.js';

export const GAINS_SCHEMA = 'espalier/gains@1';

const line = z.strictObject({
  /** What it depends on; absent where nothing predicts better than the mean. */
  feature: z.enum(['weightShare', 'recurrentShare', 'convolutionShare', 'macs', 'bytes']).optional(),
  intercept: z.number(),
  slope: z.number(),
  /** Within so much of what was expected lay four of five models that had been left out of the fit. */
  error: z.number().min(0),
  models: z.int().min(1),
});

const gain = z.strictObject({
  technique: z.string(),
  options: z.record(z.string(), z.unknown()),
  needsData: z.boolean(),
  trains: z.boolean(),
  /** Models that it was tried on, and of these: written; refused because a bound was broken. */
  tried: z.int(),
  written: z.int(),
  refused: z.int(),
  /** Of what was written: does not run in onnxruntime-web. */
  failsOnWeb: z.int(),
  /** Natural logarithms of the file's and the time's ratio to the original's. */
  size: line,
  time: line,
  /** SQNR of the worst output in dB, 100 where it is the same; absent where outputs are no numbers. */
  fidelity: line.optional(),
});

/** Gains that were measured, and how they depend on a model; made by bench/techniques/gains.mjs. */
export const gainsTable = z.strictObject({
  schema: z.literal(GAINS_SCHEMA),
  models: z.int(),
  ways: z.record(z.string(), gain),
});

export type Line = z.infer<typeof line> & { feature?: FeatureName };
export type Gain = z.infer<typeof gain>;
export type GainsTable = z.infer<typeof gainsTable>;

/** An expected value and what four of five models are within. */
export interface Expected {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** @param scale makes of what was fitted what is told, e.g. the exponential of a logarithm. */
export function expected(
  { feature, intercept, slope, error }: Line,
  features: Features,
  scale: (value: number) => number = (value) => value,
): Expected {
  const value = intercept + (feature ? slope * features[feature] : 0);
  return { value: scale(value), low: scale(value - error), high: scale(value + error) };
}
