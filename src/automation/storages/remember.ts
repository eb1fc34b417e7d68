import { z } from 'zod';
import { asJson, type Json } from '../json.js';
import type { Storage } from './storage.js';

/**
 * Does a step once over all runs that share a journal: returns what an earlier run recorded under this name, or does the work and records what
 * it gave. For steps of a strategy other than trials. The work is done again when it was cut off before its result was recorded.
 * @param name unique for the step within the journal. @param parse reads what an earlier run recorded. Default: it is JSON of whatever form.
 * @throws OptionError when the work's result is not plain JSON; whatever the work throws, and then nothing is recorded.
 */
export async function remember(storage: Storage, name: string, work: () => unknown): Promise<Json>;
export async function remember<T>(storage: Storage, name: string, work: () => T | Promise<T>, parse: (recorded: Json) => T): Promise<T>;
export async function remember<T>(storage: Storage, name: string, work: () => unknown, parse?: (recorded: Json) => T): Promise<Json | T> {
  for (const { kind, data } of storage.records()) {
    if (kind !== 'step') continue;
    const { data: found } = step.safeParse(data);
    if (found?.name === name) return parse ? parse(found.result) : found.result;
  }
  const result = asJson((await work()) ?? null, `step "${name}"`);
  await storage.record('step', { name, result });
  return parse ? parse(result) : result;
}

const step = z.object({ name: z.string(), result: z.custom<Json>((value) => value !== undefined) });
