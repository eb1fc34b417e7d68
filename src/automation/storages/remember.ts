import type { Json } from '../json.js';
import type { Storage } from './storage.js';

/**
 * Does a step once over all runs that share a journal: returns what an earlier run recorded under this name, or does the work and records what
 * it gave. For steps of a strategy other than trials. The work is done again when it was cut off before its result was recorded.
 * @param name unique for the step within the journal.
 * @throws OptionError when the work's result is not plain JSON; whatever the work throws, and then nothing is recorded.
 */
export async function remember<T>(storage: Storage, name: string, work: () => T | Promise<T>): Promise<T> {
  const done = storage.records().find(({ kind, data }) => kind === 'step' && (data as { name?: Json }).name === name);
  if (done) return (done.data as { result: Json }).result as T;
  const result = await work();
  await storage.record('step', { name, result: result === undefined ? null : result });
  return result;
}
