import { createHash } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalText } from '../../automation/index.js';
import { type Activity, formatBytes } from '../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../base/node/index.js';
import { bringInputs, httpStore, StoreRefused } from '../../strategies/node/index.js';
import { CONFIG_FILES } from '../config.js';
import { TOKEN_VARIABLE } from '../token.js';
import type { Located } from './located.js';
import type { Opening } from './messages.js';
import { keepInUse, trimWorkerCache } from './worker-cache.js';

/** What a worker has that does not share the folders of runs. */
export interface StoreAccess {
  /** Instead of the address that the job says. */
  readonly address?: string;
  readonly token?: string;
  /** A folder of this machine. */
  readonly cache: string;
  /** Bytes that it may take. */
  readonly cacheLimit: number;
}

/** How the process of a run is started. */
export interface RunHere extends Pick<Opening, 'args' | 'folder'> {
  readonly env?: Readonly<Record<string, string>>;
  /** To be called when the run is not used any more: what it has on this machine may then be removed, sooner or later. */
  readonly leave?: () => void;
}

/**
 * What a run is opened with on this machine: its folder where that is shared, else what comes from the store.
 * @throws StoreRefused where this worker may not have it: without a token, or with another one; ResourceError where it cannot be had.
 */
export async function runHere({ args, folder, store: given }: Opening, access: StoreAccess, activity: Activity): Promise<RunHere> {
  if (!given) return { args, folder };
  const { cache, token } = access;
  const address = access.address ?? given.address;
  const { run, inputs } = given;
  if (token === undefined)
    throw new StoreRefused({
      what: 'The files of the run come from a studio, which gives nothing without its token',
      where: address,
      fix: `Give it in ${TOKEN_VARIABLE}, or in a file that --token-file names.`,
    });
  const own = join(
    cache,
    'runs',
    createHash('sha256')
      .update(canonicalText([args, run, inputs]))
      .digest('hex')
      .slice(0, 16),
  );
  makeFolder(own);
  const leave = keepInUse(own);
  try {
    // What runs are given is kept once for all of them.
    const store = httpStore({ address, run, token, cache, activity });
    const brought = await bringInputs(store, inputs, join(own, 'in'));
    const config = CONFIG_FILES.find((name) => brought.has(name));
    if (config !== undefined) await copyFile(brought.get(config) as string, join(own, config));
    const located: Located = { store: { address, run }, inputs: Object.fromEntries(brought), out: join(own, 'run') };
    const file = join(own, 'located.json');
    await writeFileAtomic(file, JSON.stringify(located));
    // What cannot be removed is no reason not to work.
    const freed = await trimWorkerCache(cache, access.cacheLimit).catch(() => 0);
    const text = `Files that were used longest ago are removed from the cache in ${cache}: ${formatBytes(freed)}.`;
    if (freed > 0) activity.onMessage?.({ level: 'info', text });
    return { args: [...args, '--located', file], folder: own, env: { [TOKEN_VARIABLE]: token }, leave };
  } catch (error) {
    leave();
    throw error;
  }
}
