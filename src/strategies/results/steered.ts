import { z } from 'zod';
import type { JournalRecord } from '../../automation/index.js';
import type { Limits } from './info.js';
import { checked } from './schema.js';
import { parseSteering, type Steering } from './steering.js';

/** The journal's record of a message that was taken: { message, trial }, and for a number of trials what it was before. */
export const STEERED = 'steered';

export interface Steered {
  readonly message: Steering;
  /** The number of the trial from which it holds. */
  readonly trial: number;
  /** The number of trials that was given when it was changed. */
  readonly instead?: number;
}

const steered = z.object({ message: z.unknown(), trial: z.int().min(0).optional(), instead: z.int().optional() });

/** The message that a record tells of; undefined for other records. */
export function steeredIn({ kind, data }: JournalRecord): Steered | undefined {
  if (kind !== STEERED) return undefined;
  const { message, trial, instead } = checked<z.infer<typeof steered>>(steered, data, STEERED);
  return { message: parseSteering(message, STEERED), trial: trial ?? 0, ...(instead !== undefined && { instead }) };
}

/** Limits after a change: what it does not name stays, null lifts a limit. */
export function changedLimits(limits: Limits, changes: Extract<Steering, { kind: 'limits' }>['limits']): Limits {
  const all = Object.entries({ ...limits, ...changes }).filter(([, limit]) => limit !== null && limit !== undefined);
  return Object.fromEntries(all) as Limits;
}
