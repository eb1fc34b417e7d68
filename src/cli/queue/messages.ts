import { z } from 'zod';
import type { Job } from '../../automation/index.js';

/** How a worker opens a run: by the command that began it, in the folder where that was given. */
export const opening = z.object({ args: z.array(z.string()).min(1), folder: z.string() });
export type Opening = z.infer<typeof opening>;

/** What a worker tells the process that has a run open. */
export type ToRun = { readonly job: Job } | { readonly stop: true };

/** What that answers. The first message says that it listens. */
export type FromRun =
  | { readonly ready: true }
  | { readonly result: unknown }
  | { readonly failed: { readonly name: string; readonly message: string } };

/** Options of a command line that are the coordinator's affair: those with a value, and those without. */
const OWN = new Set(['--queue', '--tag', '--jobs', '--trials', '--budget', '--wave', '--warm-start']);
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
