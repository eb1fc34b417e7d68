import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openBullQueue } from 'espalier/automation/node';
import { Redis, skipWithoutRedis } from '../support/redis.js';

const PROCESSES = 4;
const WORKERS = 64;
const TRIALS = 320;
/**
 * How far one of two studies that have jobs may be ahead of the other: what is under way may all be one's, and so may be what a process had that was killed, and
 * what is tried again.
 */
const BOUND = 2 * WORKERS;
const script = fileURLToPath(new URL('./simulated-workers.js', import.meta.url));

test('64 workers, failures, lost connections and a killed process: every job has one result, and two studies go on side by side', {
  skip: skipWithoutRedis,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-many-'));
  const redis = await Redis.start();
  const queue = await openBullQueue({ url: redis.url });
  const { Redis: Connection } = await import('ioredis');
  const connection = new Connection(redis.url);
  const { Queue } = await import('bullmq');
  const view = new Queue('espalier', { connection: { url: redis.url } });
  const processes: ChildProcess[] = [];
  const startProcess = async () => {
    const made = fork(script, [redis.url, String(WORKERS / PROCESSES), folder]);
    processes.push(made);
    await once(made, 'message');
    return made;
  };
  try {
    let ended = 0;
    const disturbances = new Map<number, () => unknown>();
    const study = (run: 'a' | 'b') =>
      Array.from({ length: TRIALS }, async (_, number) => {
        const result = await queue.result({ id: `${run}-${number}`, run, data: number });
        disturbances.get(++ended)?.();
        return result;
      });
    const results = { a: study('a'), b: study('b') };
    while ((await view.getJobCountByTypes('prioritized')) < 2 * TRIALS) await new Promise((resolve) => setImmediate(resolve));

    const [lost] = await Promise.all(Array.from({ length: PROCESSES }, startProcess));
    for (const at of [150, 300, 450]) disturbances.set(at, () => connection.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    disturbances.set(200, () => lost.kill('SIGKILL'));
    const over = once(lost, 'exit');
    for (const each of processes) each.send('begin');
    const squares = Array.from({ length: TRIALS }, (_, number) => number * number);
    assert.deepEqual(await Promise.all(results.a), squares);
    assert.deepEqual(await Promise.all(results.b), squares);
    assert.deepEqual(await over, [null, 'SIGKILL']);
    assert.deepEqual(await view.getJobCounts('completed', 'failed', 'active', 'prioritized', 'waiting', 'delayed'), {
      ...{ completed: 2 * TRIALS, failed: 0, active: 0, prioritized: 0, waiting: 0, delayed: 0 },
    });
    const ahead = mostAhead(await view.getJobs(['completed']));
    assert.ok(ahead <= BOUND, `one study was ${ahead} trials ahead of the other`);
  } finally {
    for (const each of processes) each.kill('SIGKILL');
    connection.disconnect();
    await Promise.all([view.close(), queue.close()]);
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** By how many trials one of the studies was ahead while both had some, in the order in which workers took them: they are heard of in bursts where connections are lost. */
function mostAhead(jobs: readonly { readonly data: { readonly run: string }; readonly processedOn?: number }[]): number {
  const taken = { a: 0, b: 0 };
  let most = 0;
  for (const { data } of [...jobs].sort((one, other) => Number(one.processedOn) - Number(other.processedOn))) {
    taken[data.run as 'a' | 'b']++;
    if (taken.a < TRIALS && taken.b < TRIALS) most = Math.max(most, Math.abs(taken.a - taken.b));
  }
  return most;
}
