import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Activity } from '../../base/index.js';
import { fileReason, writeFileAtomic } from '../../base/node/index.js';
import { compacted } from '../live/compact.js';
import { EVENT_SCHEMA, type EventSink, type NewEvent, parseEvent, type RunEvent } from '../results/event.js';

/** Bytes of events.jsonl at which what is out of date in it is left out; half of it stays at most. */
const MOST_BYTES = 4e6;
/** Bytes at the end of the file in which its last whole line is. */
const TAIL = 65_536;
/** Milliseconds that events wait for others, to be written together. */
const WAIT = 200;

/** Events as a file: one line of JSON each. */
export interface EventLog extends EventSink {
  /** Resolves when what was added is written. */
  close(): Promise<void>;
}

/**
 * Writes events into a file, after those that are there. What cannot be written is left out, which is said once. Beyond 4 MB the file is written anew without what is out of
 * date.
 */
export function openEvents(path: string, { onMessage }: Activity = {}, mostBytes = MOST_BYTES): EventLog {
  let { at: last, bytes, isTorn } = endOf(path);
  let waiting: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let hasFailed = false;
  const write = async (): Promise<void> => {
    const lines = waiting.join('');
    waiting = [];
    if (lines === '') return;
    try {
      if (bytes > mostBytes) {
        await compact(path, mostBytes / 2);
        ({ bytes, isTorn } = endOf(path));
      }
      // A write that failed may have left half a line.
      await appendFile(path, isTorn ? `\n${lines}` : lines);
      bytes += Buffer.byteLength(lines);
      isTorn = false;
    } catch (cause) {
      isTorn = true;
      if (!hasFailed)
        onMessage?.({ level: 'warning', text: `${path} cannot be written (${fileReason(cause)}): nobody can look on. The run goes on.` });
      hasFailed = true;
    }
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
  };
  return {
    add: (event: NewEvent) => {
      last = Math.max(Date.now(), last + 1);
      waiting.push(`${JSON.stringify({ schema: EVENT_SCHEMA, at: last, ...event })}\n`);
      timer ??= setTimeout(flush, WAIT).unref();
    },
    close: async () => {
      flush();
      await writing;
    },
  };
}

/** Whether a process has begun to work on the run in a folder since then: on that run, as it made sure. @param since milliseconds since 1970. */
export function hasBegun(folder: string, since: number): boolean {
  return endOf(join(folder, 'events.jsonl')).events.some(
    (event) => event.kind === 'state' && event.state === 'starting' && event.at >= since,
  );
}

/** Every event that a file holds whole. None where there is no file. */
export function eventsIn(text: string): RunEvent[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : (parseEvent(line) ?? [])));
}

async function compact(path: string, most: number): Promise<void> {
  await writeFileAtomic(path, compacted(eventsIn(await readFile(path, 'utf8')), most));
}

/** The time of the last event in a file, its size, and whether its last line lacks its end. */
export function endOf(path: string): { at: number; bytes: number; isTorn: boolean; events: RunEvent[] } {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = fstatSync(file).size;
    const tail = Buffer.alloc(Math.min(TAIL, bytes));
    readSync(file, tail, 0, tail.length, bytes - tail.length);
    const events = eventsIn(tail.toString('utf8'));
    return { at: events.at(-1)?.at ?? 0, bytes, isTorn: bytes > 0 && tail.at(-1) !== 0x0a, events };
  } catch {
    return { at: 0, bytes: 0, isTorn: false, events: [] };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
