// Many workers in one process, for many-workers.test.ts: argv is the queue's address, how many, and a folder that they share.
import { once, setMaxListeners } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Work } from 'espalier/automation';
import { openBullSource } from 'espalier/automation/node';
import { LOCK, LOOK } from './simulated-trials.js';

const [url, count, folder] = process.argv.slice(2);

/** A trial of a millisecond; every eighth fails the first time that anybody takes it. */
const trial: Work = async ({ id, data }) => {
  await setTimeout(1);
  const number = data as number;
  if (number % 8 === 3 && isFirst(join(folder, id))) throw new Error('the machine failed');
  return number * number;
};

function isFirst(path: string): boolean {
  try {
    openSync(path, 'wx');
    return true;
  } catch {
    return false;
  }
}

// Every worker listens to it.
setMaxListeners(0);
const never = new AbortController().signal;
const stop = new AbortController();
process.once('disconnect', () => stop.abort());
const sources = await Promise.all(Array.from({ length: Number(count) }, () => openBullSource({ url, lock: LOCK, look: LOOK })));
process.send?.('ready');
// Nobody begins before all processes are there: otherwise the first of them might do the whole.
await once(process, 'message');
await Promise.all(sources.map((source) => source.serve(trial, { stop: stop.signal, handBack: never })));
