import { ResourceError } from '../../base/index.js';
import { asJson, type Json } from '../json.js';
import type { Job, JobQueue, JobSource } from './queue.js';
import { nobodyWaits, unlessAborted } from './unwanted.js';

/** Times that a job is tried. */
const ATTEMPTS = 3;

interface Entry {
  readonly job: Job;
  readonly result: Promise<Json>;
  readonly settle: (result: Json | Promise<Json>) => void;
  attempts: number;
  /** While it is done: ends that once nobody waits. */
  unwanted?: AbortController;
  /** One for each that waits for it. */
  readonly listeners: Set<(progress: Json) => void>;
}

/** A queue that lives as long as the process: for tests, and for workers in the same process. */
export function memoryQueue(): JobQueue & JobSource {
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  const idle = new Set<() => void>();
  const post = (job: Job): Entry => {
    const known = entries.get(job.id);
    if (known) return known;
    const { promise, resolve } = withResolvers<Json>();
    const entry: Entry = {
      job: asJson(job, 'job') as unknown as Job,
      result: promise,
      settle: resolve,
      attempts: 0,
      listeners: new Set<(progress: Json) => void>(),
    };
    promise.catch(() => undefined);
    entries.set(job.id, entry);
    enqueue(entry);
    return entry;
  };
  const enqueue = (entry: Entry) => {
    waiting.push(entry);
    for (const wake of [...idle]) wake();
  };
  const forget = (entry: Entry) => {
    entries.delete(entry.job.id);
    entry.settle(Promise.reject(nobodyWaits()));
  };
  /** What waits goes at once; who does it is told. */
  const takeBack = (entry: Entry) => {
    const at = waiting.indexOf(entry);
    if (at < 0) return entry.unwanted?.abort();
    waiting.splice(at, 1);
    forget(entry);
  };
  const next = async (stop: AbortSignal): Promise<Entry | undefined> => {
    while (!stop.aborted) {
      const entry = waiting.shift();
      if (entry) return entry;
      await new Promise<void>((resolve) => {
        const wake = () => {
          idle.delete(wake);
          stop.removeEventListener('abort', wake);
          resolve();
        };
        idle.add(wake);
        stop.addEventListener('abort', wake);
      });
    }
    return undefined;
  };
  return {
    name: 'memory',
    result: async (job, { signal, onProgress } = {}) => {
      if (signal?.aborted) throw nobodyWaits();
      const entry = post(job);
      const { result, listeners } = entry;
      const hear = (progress: Json) => onProgress?.(progress);
      listeners.add(hear);
      try {
        return await unlessAborted(result, signal);
      } finally {
        listeners.delete(hear);
        if (listeners.size === 0 && signal?.aborted) takeBack(entry);
      }
    },
    close: async () => undefined,
    serve: async (work, { stop, handBack }) => {
      for (let entry = await next(stop); entry; entry = await next(stop)) {
        entry.unwanted = new AbortController();
        const { signal } = entry.unwanted;
        try {
          const tell = (progress: Json) => {
            for (const hear of [...entry.listeners]) hear(asJson(progress, 'progress'));
          };
          entry.settle(asJson(await work(entry.job, AbortSignal.any([handBack, signal]), tell), 'result'));
        } catch (cause) {
          if (signal.aborted && entry.listeners.size === 0) forget(entry);
          else if (handBack.aborted || signal.aborted) enqueue(entry);
          else if (++entry.attempts < ATTEMPTS) enqueue(entry);
          else entry.settle(Promise.reject(tooOften(entry.job, cause)));
        }
      }
    },
  };
}

/** What is thrown for a job that everybody failed at. */
function tooOften({ id }: Pick<Job, 'id'>, cause: unknown): ResourceError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new ResourceError({ what: `Those that took a job failed ${ATTEMPTS} times`, where: `job "${id}"`, got }, { cause });
}

function withResolvers<T>() {
  let resolve: (value: T | Promise<T>) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
