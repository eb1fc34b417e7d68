import { z } from 'zod';
import { canonicalText, type JournalRecord, type Storage } from '../../automation/index.js';

const named = z.object({ id: z.string().optional(), name: z.string().optional() });

/** What a record is about: two of one name say the same thing. Undefined for those of a study, of which each counts. */
function nameOf({ kind, data }: JournalRecord): string | undefined {
  const { id, name } = named.safeParse(data).data ?? {};
  if (kind === 'stage' || kind === 'file') return `${kind} ${id}`;
  if (kind === 'step') return `${kind} ${name}`;
  return kind === 'run' ? kind : undefined;
}

/** What records are about: models by their ids, steps by their names. */
export interface About {
  readonly models?: readonly string[];
  readonly steps?: readonly string[];
}

/** The records of a journal that a worker needs for a job: what the run is, the models' stages and files, what was measured of them, and steps. */
export function recordsFor(storage: Pick<Storage, 'records'>, { models = [], steps = [] }: About): JournalRecord[] {
  const ofModels = models.flatMap((id) => [`stage ${id}`, `file ${id}`, `step measure ${id}`]);
  const wanted = new Set(['run', ...ofModels, ...steps.map((name) => `step ${name}`)]);
  const found = new Map<string, JournalRecord>();
  for (const record of storage.records()) {
    const name = nameOf(record);
    if (name !== undefined && wanted.has(name)) found.set(name, record);
  }
  return [...found.values()];
}

/**
 * Writes records of another process into a journal that lacks them. What the journal has counts: the first writer wins.
 * @returns names of those that differ from what it has.
 */
export async function adopt(storage: Storage, records: readonly JournalRecord[]): Promise<string[]> {
  const known = new Map<string, JournalRecord>();
  for (const record of storage.records()) {
    const name = nameOf(record);
    if (name !== undefined) known.set(name, record);
  }
  const differing: string[] = [];
  for (const record of records) {
    const name = nameOf(record);
    if (name === undefined) continue;
    const before = known.get(name);
    if (!before) {
      known.set(name, record);
      await storage.record(record.kind, record.data);
    } else if (canonicalText(before.data) !== canonicalText(record.data)) differing.push(name);
  }
  return differing;
}
