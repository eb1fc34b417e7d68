import { z } from 'zod';
import type { Job } from '../../automation/index.js';
import type { JobNews } from '../../strategies/index.js';

/** Where the files of a run are, where workers do not share its folder. */
const storeOpening = z.object({
  /** Of the studio that shows the run; a worker may have been told another. */
  address: z.string(),
  /** The id of the run there. */
  run: z.string(),
  /** SHA-256 of the list of what the run was given: model, data, configuration. */
  inputs: z.string(),
});
export type StoreOpening = z.infer<typeof storeOpening>;

/** How a worker opens a run: by the command that began it, in the folder where that was given, or with what comes from the store. */
export const opening = z.object({ args: z.array(z.string()).min(1), folder: z.string(), store: storeOpening.optional() });
export type Opening = z.infer<typeof opening>;

/** What a worker tells the process that has a run open. */
export type ToRun = { readonly job: Job } | { readonly stop: true };

/** What that answers. The first message says that it listens. */
export type FromRun =
  | { readonly ready: true }
  | { readonly progress: JobNews }
  | { readonly result: unknown }
  | { readonly failed: { readonly name: string; readonly message: string } };

/** Options of a command line that are the coordinator's affair: those with a value, and those without. */
const OWN = new Set(['--queue', '--tag', '--jobs', '--trials', '--budget', '--wave', '--warm-start', '--store', '--token-file']);
const FLAGS = new Set(['--detach', '--no-detach']);

/** A command line without what only whoever posts jobs needs: the queue's address may hold a password. */
export function argsForWorkers(args: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [name, value] = args[at].split('=', 2);
    if (FLAGS.has(name)) continue;
    if (!OWN.has(name)) kept.push(args[at]);
    else if (value === undefined) at++;
  }
  return kept;
}
