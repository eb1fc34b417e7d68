import { ResourceError, Stopped } from '../../base/index.js';
import { asJson, type Json } from '../json.js';
import type { Job, JobQueue, JobSource } from './queue.js';

/** Times that a job is tried. */
const ATTEMPTS = 3;

interface Entry {
  readonly job: Job;
  readonly result: Promise<Json>;
  readonly settle: (result: Json | Promise<Json>) => void;
  attempts: number;
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
    const entry = {
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
      const { result, listeners } = post(job);
      if (onProgress) listeners.add(onProgress);
      try {
        return await (signal ? Promise.race([result, aborted(signal)]) : result);
      } finally {
        if (onProgress) listeners.delete(onProgress);
      }
    },
    close: async () => undefined,
    serve: async (work, { stop, handBack }) => {
      for (let entry = await next(stop); entry; entry = await next(stop)) {
        try {
          const tell = (progress: Json) => {
            for (const hear of [...entry.listeners]) hear(asJson(progress, 'progress'));
          };
          entry.settle(asJson(await work(entry.job, handBack, tell), 'result'));
        } catch (cause) {
          if (handBack.aborted) enqueue(entry);
          else if (++entry.attempts < ATTEMPTS) enqueue(entry);
          else entry.settle(Promise.reject(tooOften(entry.job, cause)));
        }
      }
    },
  };
}

/** What is thrown for a job that everybody failed at. */
export function tooOften({ id }: Pick<Job, 'id'>, cause: unknown): ResourceError {
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

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Stopped('Nobody waits for the job any more; it stays in the queue'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
