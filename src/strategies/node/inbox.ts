import { mkdirSync, watch } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inbox, Posted } from '../models/inbox.js';

/** Milliseconds between looks where the system says nothing of changes. */
const POLL = 1000;
/** Most bytes of a message. */
const MOST_BYTES = 65_536;

/** Messages as files of a folder, one each, whose names are in the order in which they were left. */
export function folderInbox(folder: string): Inbox {
  return {
    open: (take) => {
      let taking: Promise<void> = Promise.resolve();
      let isClosed = false;
      const look = (): void => {
        taking = taking.then(async () => {
          for (const name of await messagesIn(folder)) {
            if (isClosed) return;
            const path = join(folder, name);
            await take({ name, ...(await read(path)), remove: () => rm(path, { force: true }) });
          }
        });
      };
      const stop = watched(folder, look);
      // A run that is paused has nothing else that keeps its process.
      const timer = setInterval(look, POLL);
      look();
      return async () => {
        isClosed = true;
        clearInterval(timer);
        stop();
        await taking;
      };
    },
  };
}

async function messagesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
}

/** What a file holds, and since when; undefined for what is no JSON, or too long to be a message. */
async function read(path: string): Promise<Pick<Posted, 'at' | 'content'>> {
  let at = 0;
  try {
    const { size, mtimeMs } = await stat(path);
    at = mtimeMs;
    return { at, content: size > MOST_BYTES ? undefined : JSON.parse(await readFile(path, 'utf8')) };
  } catch {
    return { at, content: undefined };
  }
}

function watched(folder: string, look: () => void): () => void {
  try {
    mkdirSync(folder, { recursive: true });
    const watcher = watch(folder, { persistent: false }, look);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
