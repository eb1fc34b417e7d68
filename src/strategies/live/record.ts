import type { Storage } from '../../automation/index.js';
import { asJson, canonicalText } from '../../automation/index.js';
import type { Limits, ModelInfo, ObjectiveName } from '../results/info.js';
import type { LiveRun } from '../results/live.js';

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
  const before = storage.records().filter(({ kind }) => kind === LIVE_RECORD);
  const begun = (before[0]?.data as { begun?: number } | undefined)?.begun ?? Date.now();
  const record = asJson({ ...run, begun }, LIVE_RECORD);
  const last = before.at(-1);
  if (!last || canonicalText(last.data) !== canonicalText(record)) await storage.record(LIVE_RECORD, record);
}
