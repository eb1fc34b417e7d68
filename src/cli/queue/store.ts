import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { OptionError } from '../../base/index.js';
import { findRun, folderStore, publishInputs, storeAddress } from '../../strategies/node/index.js';
import { CONFIG_FILES } from '../config.js';
import type { CommandContext } from '../context.js';
import { requiredToken } from '../token.js';
import type { StoreOpening } from './messages.js';

/** What says where the files of a run are for workers. */
export interface StoreOptions {
  out: string;
  store?: string;
  tokenFile?: string;
  /** Files and folders that the command line names. */
  inputs?: readonly string[];
}

/**
 * Puts what the run was given beside its models, and finds the run in the studio. Undefined where workers share the folders.
 * @throws OptionError where the studio does not show the run's folder, or does not take the token.
 */
export async function storeFor(
  { out, store, tokenFile, inputs = [] }: StoreOptions,
  { activity, output }: CommandContext,
): Promise<StoreOpening | undefined> {
  if (store === undefined) return undefined;
  const address = storeAddress(store);
  const token = requiredToken(tokenFile);
  const config = configFile();
  const all = [...inputs, ...(config === undefined ? [] : [config])];
  const list = await publishInputs(folderStore(out), `${hostname()}:${resolve(out)}`, all, join(out, '.work', 'inputs'));
  const run = await findRun(out, list, { address, token, activity });
  output.info(`Files go through the studio at ${address}, where the run is "${run}".`);
  return { address, run, inputs: list };
}

/** Removes what a run was given from its folder, for one that is complete: no worker asks for it any more, and where the disk knows no second names it is a copy. */
export async function forgetInputs(out: string): Promise<void> {
  // Somebody may still be reading one; what is left there does no harm.
  await rm(join(out, '.inputs'), { recursive: true, force: true }).catch(() => undefined);
}

/** The configuration that the command line stands on; workers need it, too. @throws OptionError for one that is a program: no program is sent to workers. */
function configFile(): string | undefined {
  const file = CONFIG_FILES.find((name) => existsSync(name));
  if (file === undefined || file.endsWith('.json')) return file;
  throw new OptionError({
    what: 'The configuration is a program, and none is sent to other machines',
    where: file,
    fix: `Make it ${CONFIG_FILES.at(-1)}, or give the options on the command line in another folder.`,
  });
}
