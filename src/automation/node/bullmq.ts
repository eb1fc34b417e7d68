import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job as BullJob, ConnectionOptions, Queue, QueueEvents } from 'bullmq';
import { z } from 'zod';
import { type Activity, EspalierError, OptionError, ResourceError, whenAborted } from '../../base/index.js';
import { asJson, type Json } from '../json.js';
import { type Job, type JobQueue, type JobSource, nobodyWaits, UNWANTED, unlessAborted, type Work } from '../queue/index.js';

/** Defaults of `BullSourceOptions`. */
const LOCK = 20_000;
const LOOK = 10_000;
/** Times that a job is tried where the machine fails. */
const ATTEMPTS = 3;
/** Times that a job may lose its worker: kills are no fault of the job. */
const LOSSES = 1000;
/** Milliseconds after which a job is looked at although nothing was heard of it: an event may be lost while Redis is away. */
const PATIENCE = 5_000;
/** Milliseconds between looks whether anybody still waits for the job under way. */
const WANTED = 2_000;
/** Milliseconds for which a queue that does not answer is waited for when a job is taken back. */
const TAKEN_BACK = 3_000;
/** Seconds for which what is done is kept, so that a coordinator that was away finds it. */
const KEPT = 14 * 24 * 3600;

const told = z.object({ told: z.json() });
const job = z.object({ id: z.string(), run: z.string(), data: z.json() });
const unwanted = z.object({ unwanted: z.literal(true) });

/** Where the jobs are. */
export interface BullQueueOptions {
  /** "redis://host:6379", with a user and a password where there are such; "rediss:" by TLS. */
  url: string;
  /** Only workers with this tag take the jobs. Default: every worker. */
  tag?: string;
}

/**
 * Posts jobs to a queue of BullMQ in Redis or Valkey. @throws EspalierError where BullMQ is not installed; ResourceError where there is no Redis.
 */
export async function openBullQueue({ url, tag }: BullQueueOptions, activity: Activity = {}): Promise<JobQueue> {
  const { Queue, QueueEvents } = await bullmq();
  await checkRedis(url, activity);
  const connection = connectionTo(url);
  const name = nameOf(tag);
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  // Each job that is waited for listens.
  queue.setMaxListeners(0);
  events.setMaxListeners(0);
  // A connection that is lost is made again; until then calls wait.
  queue.on('error', () => undefined);
  events.on('error', () => undefined);
  /** One for each that waits for a job. */
  const listeners = new Map<string, Set<(progress: Json) => void>>();
  events.on('progress', ({ jobId, data }) => {
    const found = told.safeParse(data).data;
    if (found) for (const hear of listeners.get(jobId) ?? []) hear(found.told);
  });
  const outstanding = new Map<string, number>();
  const asked = new Set<string>();
  return {
    name: url.replace(/\/\/[^@/]*@/, '//'),
    result: async (job, { signal, onProgress } = {}) => {
      const count = (outstanding.get(job.run) ?? 0) + 1;
      outstanding.set(job.run, count);
      const isNew = !asked.has(job.id);
      asked.add(job.id);
      const hearing = listeners.get(job.id) ?? new Set();
      listeners.set(job.id, hearing);
      const hear = (progress: Json) => onProgress?.(progress);
      hearing.add(hear);
      try {
        const result = waited({ queue, events, job, priority: count, isNew, signal });
        // Redis may be away when nobody wants to wait any more.
        return await unlessAborted(result, signal);
      } finally {
        outstanding.set(job.run, (outstanding.get(job.run) ?? 1) - 1);
        hearing.delete(hear);
        if (hearing.size === 0) {
          listeners.delete(job.id);
          if (signal?.aborted) await leave(queue, job.id);
        }
      }
    },
    close: async () => {
      await Promise.all([events.close(), queue.close()]);
    },
  };
}

interface Wait {
  queue: Queue;
  events: QueueEvents;
  job: Job;
  /** Those with a lower number are taken first: the third job of a run waits for the second of another. */
  priority: number;
  /** Whether this process asks for the first time: what failed in an earlier one is tried again. */
  isNew: boolean;
  signal?: AbortSignal;
}

/** Posts a job where it is not there (any more), and waits. */
async function waited({ queue, events, job, priority, isNew, signal }: Wait): Promise<Json> {
  const removal = { age: KEPT };
  const options = { jobId: job.id, priority, attempts: ATTEMPTS, removeOnComplete: removal, removeOnFail: removal };
  for (let isFirst = isNew; ; isFirst = false) {
    if (signal?.aborted) throw nobodyWaits();
    const posted: BullJob = await queue.add('job', job, options);
    // The state first: a job that was read before it ended has no result.
    const state = await queue.getJobState(posted.id as string);
    const found: BullJob | undefined = await queue.getJob(posted.id as string);
    if (signal?.aborted) continue;
    // One that is gone meanwhile is posted again.
    if (found && isUnwanted(found)) await found.updateData(job).catch(() => undefined);
    if (found && state === 'completed') return found.returnvalue as Json;
    // Another that waits may have had it tried anew meanwhile: then there is no reason any more.
    if (found?.failedReason && state === 'failed') {
      if (!isFirst && found.failedReason !== UNWANTED) {
        const what = `Those that took a job failed ${found.attemptsMade} times`;
        throw new ResourceError({ what, where: `job "${job.id}"`, got: found.failedReason });
      }
      await retried(found);
    }
    // How it ended is looked up: it may have been before.
    await posted.waitUntilFinished(events, PATIENCE).catch(() => undefined);
  }
}

/** Takes a job back, unless Redis is away. */
async function leave(queue: Queue, id: string): Promise<void> {
  const left = takenBack(queue, id).catch(() => undefined);
  await Promise.race([left, delay(TAKEN_BACK, undefined, { ref: false })]);
}

/** States of a job that nobody does. */
const WAITING: readonly string[] = ['waiting', 'prioritized', 'delayed', 'failed'];

/** Removes a job that nobody waits for, or lets whoever does it know. */
async function takenBack(queue: Queue, id: string): Promise<void> {
  const found: BullJob | undefined = await queue.getJob(id);
  // Before it is looked whether the job still waits: it may be taken in between.
  await found?.updateData({ ...found.data, unwanted: true });
  // One that is taken meanwhile is locked, and what is done already is kept.
  if (WAITING.includes(await queue.getJobState(id))) await queue.remove(id);
}

/** Whether nobody waits for a job any more. */
function isUnwanted({ data }: BullJob): boolean {
  return unwanted.safeParse(data).success;
}

/** Has a job tried anew that an earlier process saw fail, or that nobody wanted for a while: the machine's fault may be mended. */
async function retried(job: BullJob): Promise<void> {
  // Another that waits for it may have had the same thought.
  await job.retry('failed', { resetAttemptsMade: true }).catch(() => undefined);
}

export interface BullSourceOptions extends BullQueueOptions {
  /** Milliseconds for which a worker that says nothing keeps its job; it renews this at half the time. Default 20,000. */
  lock?: number;
  /** Milliseconds between looks for jobs whose worker is gone. Default 10,000. A dead worker's job goes to another after `lock + 2 * look` at most, once one is free. */
  look?: number;
}

/** Takes jobs of a queue of BullMQ, one at a time. @throws EspalierError where BullMQ is not installed; ResourceError where there is no Redis. */
export async function openBullSource(
  { url, tag, lock = LOCK, look = LOOK }: BullSourceOptions,
  activity: Activity = {},
): Promise<JobSource> {
  const { Job: Bull, UnrecoverableError, WaitingError, Worker } = await bullmq();
  await checkRedis(url, activity);
  return {
    serve: async (work: Work, { stop, handBack }) => {
      const worker = new Worker(
        nameOf(tag),
        async (posted, token) => {
          const left = new AbortController();
          const look = async () => {
            const now = await Bull.fromId(worker, posted.id as string);
            // One that is gone was taken back while this machine was away.
            if (!now || isUnwanted(now)) left.abort();
          };
          // A queue that is away says nothing: the work goes on.
          const looking = setInterval(() => void look().catch(() => undefined), WANTED);
          try {
            await look().catch(() => undefined);
            if (left.signal.aborted) throw nobodyWaits();
            // What cannot be told is not needed.
            const tell = (progress: Json) => void posted.updateProgress({ told: progress }).catch(() => undefined);
            return asJson(await work(job.parse(posted.data), AbortSignal.any([handBack, left.signal]), tell), 'result');
          } catch (cause) {
            if (left.signal.aborted) throw new UnrecoverableError(UNWANTED);
            if (!handBack.aborted) throw cause;
            await posted.moveToWait(token);
            throw new WaitingError();
          } finally {
            clearInterval(looking);
          }
        },
        {
          connection: connectionTo(url),
          name: `${hostname()}-${process.pid}`,
          concurrency: 1,
          lockDuration: lock,
          stalledInterval: look,
          maxStalledCount: LOSSES,
        },
      );
      worker.on('error', ({ message }) => activity.onMessage?.({ level: 'info', text: `The queue: ${message}` }));
      await whenAborted(stop);
      await worker.close();
    },
  };
}

async function bullmq(): Promise<typeof import('bullmq')> {
  try {
    return await import('bullmq');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new EspalierError(
      { what: 'A queue needs the packages bullmq and ioredis', fix: 'Install them: npm install bullmq ioredis' },
      { cause },
    );
  }
}

function connectionTo(url: string): ConnectionOptions {
  if (!/^rediss?:\/\//.test(url))
    throw new OptionError({ what: 'Not the address of a queue', where: 'queue', expected: 'redis://host:6379', got: url });
  return { url, maxRetriesPerRequest: null };
}

/** "espalier", and a tag's own queue beside it. */
function nameOf(tag: string | undefined): string {
  if (tag !== undefined && !/^[a-z0-9-]+$/.test(tag))
    throw new OptionError({ what: 'Not a tag', where: 'tag', expected: 'small letters, digits and "-"', got: tag });
  return ['espalier', ...(tag === undefined ? [] : [tag])].join('-');
}

/** Milliseconds for which Redis is waited for at the start. */
const START = 10_000;

/**
 * Says where jobs would be lost: a Redis that writes nothing down, or throws keys away where memory is short.
 * @throws ResourceError where nothing answers.
 */
async function checkRedis(url: string, { onMessage }: Activity): Promise<void> {
  connectionTo(url);
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: START, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    for (const [name, wanted, because] of SETTINGS) {
      // Some services do not say: then nothing is known.
      const [, value] = (await redis.config('GET', name).catch(() => [])) as string[];
      if (value === undefined || value === wanted) continue;
      onMessage?.({ level: 'warning', text: `Redis has ${name} ${value}: ${because}. Set ${name} ${wanted}.` });
    }
  } catch (cause) {
    throw new ResourceError(
      { what: `There is no Redis that answers (${(cause as Error).message})`, where: url, fix: 'Start one, or give its address.' },
      { cause },
    );
  } finally {
    redis.disconnect();
  }
}

const SETTINGS = [
  ['appendonly', 'yes', 'what is posted is lost when it is killed'],
  ['maxmemory-policy', 'noeviction', 'it may throw jobs away where memory is short'],
] as const;
