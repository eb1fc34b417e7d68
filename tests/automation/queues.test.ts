import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Job, type JobQueue, type JobSource, memoryQueue, type Work } from 'espalier/automation';
import { openBullQueue, openBullSource } from 'espalier/automation/node';
import { OptionError, ResourceError, Stopped } from 'espalier/base';
import { Redis, skipWithoutRedis } from '../support/redis.js';

const job = (id: string, data: Job['data'] = null, run = 'run'): Job => ({ id, run, data });
const never = new AbortController().signal;

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Ends what would keep the process of a test that failed. */
async function ended(stop: AbortController, queue: JobQueue): Promise<void> {
  stop.abort();
  await queue.close();
}

/** What every queue keeps to. @param open a queue and a source of the same jobs. */
function contract(open: () => Promise<{ queue: JobQueue; source: JobSource }>): void {
  /** Serves until the test's work is done. */
  const serving = async (work: Work, use: (queue: JobQueue) => Promise<void>, handBack = never) => {
    const { queue, source } = await open();
    const stop = new AbortController();
    const served = source.serve(work, { stop: stop.signal, handBack });
    try {
      await use(queue);
    } finally {
      stop.abort();
      await served;
      await queue.close();
    }
  };

  test('what comes of a job comes back; a job of the same id is done once', async () => {
    let done = 0;
    const work: Work = async ({ data }) => ({ twice: 2 * (data as number), count: ++done });
    await serving(work, async (queue) => {
      const results = await Promise.all([queue.result(job('a', 1)), queue.result(job('b', 2)), queue.result(job('a', 1))]);
      assert.deepEqual(
        results.map((result) => (result as { twice: number }).twice),
        [2, 4, 2],
      );
      assert.deepEqual(await queue.result(job('a', 100)), results[0]);
      assert.equal(done, 2);
    });
  });

  test('a job that fails goes to the next that asks, and is given up in the end with the reason', async () => {
    let tries = 0;
    const work: Work = async ({ id }) => {
      tries++;
      if (id === 'second time' ? tries < 2 : true) throw new Error(`disk full, ${id}`);
      return 'done';
    };
    await serving(work, async (queue) => {
      assert.equal(await queue.result(job('second time')), 'done');
      await assert.rejects(
        queue.result(job('never')),
        (error: Error) => error instanceof ResourceError && /never.*3 times.*disk full/.test(error.message),
      );
      assert.equal(tries, 5);
    });
  });

  test('what is told of a job while it is done is heard by those who wait for it', async () => {
    const heard: unknown[] = [];
    const enough = withResolvers();
    const work: Work = async ({ id }, _, tell) => {
      // Who listens to a queue on another machine may miss what is told right at first.
      for (let done = 0; id === 'told' && heard.length < 3; done++) {
        tell({ id, done });
        await Promise.race([enough.promise, new Promise((resolve) => setTimeout(resolve, 5))]);
      }
      return 'done';
    };
    await serving(work, async (queue) => {
      const onProgress = (progress: unknown) => {
        heard.push(progress);
        if (heard.length === 3) enough.resolve();
      };
      const ignored: unknown[] = [];
      const results = [queue.result(job('told'), { onProgress }), queue.result(job('quiet'), { onProgress: (each) => ignored.push(each) })];
      assert.deepEqual(await Promise.all(results), ['done', 'done']);
      assert.deepEqual(ignored, []);
      const numbers = (heard as { id: string; done: number }[]).map(({ id, done }) => [id, done]);
      assert.ok(numbers.length >= 3);
      for (const [index, [id, done]] of numbers.entries()) assert.deepEqual([id, done], ['told', (numbers[0][1] as number) + index]);
    });
  });

  test('whoever waits again while the job ends has its result', async () => {
    await serving(
      async ({ id }) => id,
      async (queue) => {
        for (let i = 0; i < 200; i++) {
          const first = queue.result(job(`brief-${i}`));
          assert.deepEqual(await Promise.all([first, queue.result(job(`brief-${i}`))]), [`brief-${i}`, `brief-${i}`]);
        }
      },
    );
  });

  test('whoever stops waiting is told; who asks again before the job was left has what comes of it', async () => {
    const [begun, goOn] = [withResolvers(), withResolvers()];
    const work: Work = async () => {
      begun.resolve();
      await goOn.promise;
      return 'after all';
    };
    await serving(work, async (queue) => {
      const controller = new AbortController();
      const waiting = assert.rejects(queue.result(job('left'), { signal: controller.signal }), Stopped);
      await begun.promise;
      controller.abort();
      await waiting;
      const again = queue.result(job('left'));
      goOn.resolve();
      assert.equal(await again, 'after all');
    });
  });

  test('a job for which nobody waits any more is taken back: who does it is told, and it is done anew for whoever asks again', async () => {
    const begun = withResolvers();
    const [left, done]: string[][] = [[], []];
    const work: Work = async ({ id }, signal) => {
      if (id === 'under way' && left.length === 0) {
        begun.resolve();
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        left.push(id);
        throw new Stopped('Stopped');
      }
      done.push(id);
      return id;
    };
    await serving(work, async (queue) => {
      const controller = new AbortController();
      const { signal } = controller;
      const underWay = assert.rejects(queue.result(job('under way'), { signal }), Stopped);
      await begun.promise;
      const waiting = assert.rejects(queue.result(job('waiting'), { signal }), Stopped);
      const other = queue.result(job('other'));
      controller.abort();
      await Promise.all([underWay, waiting]);
      assert.equal(await other, 'other');
      assert.deepEqual([left, done], [['under way'], ['other']]);
      const again = ['under way', 'waiting'];
      assert.deepEqual(await Promise.all(again.map((id) => queue.result(job(id)))), again);
    });
  });

  test('a job that somebody else waits for goes on', async () => {
    const [begun, goOn] = [withResolvers(), withResolvers()];
    const told: boolean[] = [];
    const work: Work = async (_, signal) => {
      begun.resolve();
      await goOn.promise;
      told.push(signal.aborted);
      return 'done';
    };
    await serving(work, async (queue) => {
      const controller = new AbortController();
      const staying = queue.result(job('shared'));
      const leaving = assert.rejects(queue.result(job('shared'), { signal: controller.signal }), Stopped);
      await begun.promise;
      controller.abort();
      await leaving;
      goOn.resolve();
      assert.equal(await staying, 'done');
      assert.deepEqual(told, [false]);
    });
  });
}

describe('a queue in memory', () => {
  contract(async () => {
    const queue = memoryQueue();
    return { queue, source: queue };
  });
});

/** Milliseconds of a lock where nobody dies: a worker that a busy machine lets wait keeps its job. */
const LONG = 600_000;

describe('a queue in Redis', { skip: skipWithoutRedis }, () => {
  let redis: Redis;
  before(async () => {
    redis = await Redis.start();
  });
  after(() => redis.remove());

  let tag = 0;
  contract(async () => {
    const options = { url: redis.url, tag: `test-${tag++}` };
    return { queue: await openBullQueue(options), source: await openBullSource({ ...options, lock: LONG }) };
  });

  test('two studies share what takes jobs: the first of one goes before the third of another', async (t) => {
    const options = { url: redis.url, tag: 'fair' };
    const [queue, source] = [await openBullQueue(options), await openBullSource({ ...options, lock: LONG })];
    const stop = new AbortController();
    t.after(() => ended(stop, queue));
    const order: string[] = [];
    const many = ['a1', 'a2', 'a3', 'a4'].map((id) => queue.result(job(id, null, 'a')));
    const few = ['b1', 'b2'].map((id) => queue.result(job(id, null, 'b')));
    const { Queue } = await import('bullmq');
    const view = new Queue('espalier-fair', { connection: { url: redis.url } });
    while ((await view.getJobCountByTypes('prioritized')) < 6) await new Promise((resolve) => setImmediate(resolve));
    await view.close();
    const served = source.serve(
      async ({ id }) => {
        order.push(id);
        return null;
      },
      { stop: stop.signal, handBack: never },
    );
    await Promise.all([...many, ...few]);
    stop.abort();
    await served;
    assert.ok(order.indexOf('b2') < order.indexOf('a3'), order.join());
  });

  test('Redis may be killed while jobs wait and run: nothing is lost, nothing is done twice', async (t) => {
    const options = { url: redis.url, tag: 'killed' };
    const [queue, source] = [await openBullQueue(options), await openBullSource({ ...options, lock: LONG })];
    const done: string[] = [];
    const stop = new AbortController();
    t.after(() => ended(stop, queue));
    const started = withResolvers();
    const goOn = withResolvers();
    const served = source.serve(
      async ({ id }) => {
        started.resolve();
        await goOn.promise;
        done.push(id);
        return id;
      },
      { stop: stop.signal, handBack: never },
    );
    const ids = ['k1', 'k2', 'k3'];
    const results = Promise.all(ids.map((id) => queue.result(job(id))));
    await started.promise;
    await redis.kill();
    await redis.start();
    goOn.resolve();
    assert.deepEqual(await results, ids);
    assert.deepEqual([...done].sort(), ids);
    stop.abort();
    await served;
  });

  test('a job that was given up is tried again for a process that asks later: what was wrong may be mended', async (t) => {
    const options = { url: redis.url, tag: 'mended' };
    const source = await openBullSource({ ...options, lock: LONG });
    let isBroken = true;
    const stop = new AbortController();
    const served = source.serve(
      async () => {
        if (isBroken) throw new Error('disk full');
        return 'done';
      },
      { stop: stop.signal, handBack: never },
    );
    const before = await openBullQueue(options);
    t.after(() => ended(stop, before));
    await assert.rejects(before.result(job('full')), /disk full/);
    isBroken = false;
    await assert.rejects(before.result(job('full')), /disk full/);
    const later = await openBullQueue(options);
    t.after(() => later.close());
    assert.equal(await later.result(job('full')), 'done');
    stop.abort();
    await served;
  });

  test('what is no address, no tag, or no Redis is refused in one line', async () => {
    await assert.rejects(openBullQueue({ url: 'http://here' }), OptionError);
    await assert.rejects(openBullQueue({ url: redis.url, tag: 'Not one' }), OptionError);
    await assert.rejects(openBullQueue({ url: 'redis://127.0.0.1:1' }), { message: /no Redis that answers/ });
  });
});
