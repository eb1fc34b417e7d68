import { z } from 'zod';
import { asJson, canonicalText, type Json, type Storage, type TrialRecord } from '../../automation/index.js';
import type { Limits, ModelInfo, ObjectiveName } from '../results/info.js';
import type { LiveRun, LiveTrial } from '../results/live.js';
import { modelIn } from '../results/recorded.js';
import { checked, limitsSchema, modelSchema } from '../results/schema.js';

/** The journal's record of what those who look on must know of a run, and cannot see in it otherwise. A later one counts for an earlier. */
export const LIVE_RECORD = 'live';

export interface LiveRecord {
  name: string;
  strategy: string;
  task: LiveRun['task'];
  /** That were given; steering may change them. */
  limits: Limits;
  /** Once the baseline is measured. */
  objectives?: readonly ObjectiveName[];
  baseline?: ModelInfo;
  /** How many recipes are to be tried, as given. */
  trials: number;
  /** When the run was first begun, in milliseconds since 1970. */
  begun: number;
}

/** Notes what a run is, unless the journal says the same already. */
export async function noteRun(storage: Storage, run: Omit<LiveRecord, 'begun'>): Promise<void> {
  const last = storage.records().findLast(({ kind }) => kind === LIVE_RECORD);
  const before = last && parseRunRecord(last.data);
  // What the baseline decided when the run was begun is known when it goes on.
  const limits = before?.baseline && !run.baseline ? before.limits : run.limits;
  const record = asJson({ begun: Date.now(), ...before, ...run, limits }, LIVE_RECORD);
  if (!last || canonicalText(last.data) !== canonicalText(record)) await storage.record(LIVE_RECORD, record);
}

const record = z.looseObject({
  name: z.string(),
  strategy: z.string(),
  task: z.looseObject({ name: z.string(), kind: z.string(), metric: z.string() }),
  limits: limitsSchema,
  objectives: z.array(z.enum(['quality', 'bytes', 'macs', 'latency', 'memory'])).optional(),
  baseline: modelSchema.optional(),
  trials: z.number().int().min(1),
  begun: z.number(),
});

/** What such a record says; undefined for one of another version. */
export function parseRunRecord(data: Json): LiveRecord | undefined {
  return record.safeParse(data).success ? checked<LiveRecord>(record, data, LIVE_RECORD) : undefined;
}

const given = z.object({ stopped: z.object({ epoch: z.number().int(), technique: z.string(), stage: z.string() }) });

/** After which epoch a trial was given up, and in which technique, as it notes that. */
export function stoppedIn(attributes: TrialRecord['attributes']): Pick<LiveTrial, 'stopped'> {
  return given.safeParse(attributes).data ?? {};
}

/** The models that a trial notes as its candidates, as far as they can be drawn. */
export function modelsIn(candidates: Json | undefined): ModelInfo[] {
  if (!Array.isArray(candidates)) return [];
  return candidates.flatMap((each) => modelIn(each) ?? []);
}
