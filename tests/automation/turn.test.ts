import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inTurn } from 'espalier/automation/node';
import { Stopped } from 'espalier/base';

function lockIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-turn-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'turn.lock');
}

test('one piece of work at a time, each wholly; one that fails gives its turn to the next', async (t) => {
  const path = lockIn(t);
  let atWork = 0;
  let most = 0;
  const done: number[] = [];
  const work = (number: number) => async () => {
    most = Math.max(most, ++atWork);
    await new Promise((resolve) => setImmediate(resolve));
    atWork--;
    done.push(number);
    if (number === 1) throw new Error('by chance');
    return number;
  };
  const results = await Promise.allSettled([0, 1, 2, 3].map((number) => inTurn(path, work(number))));
  assert.equal(most, 1);
  assert.deepEqual([...done].sort(), [0, 1, 2, 3]);
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    [0, 'by chance', 2, 3],
  );
  assert.ok(!existsSync(path));
});

test('who is told to stop while others are at work does not wait for them, and does nothing', async (t) => {
  const path = lockIn(t);
  const stop = new AbortController();
  let finish: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    void inTurn(path, () => {
      resolve();
      return new Promise<void>((end) => {
        finish = end;
      });
    });
  });
  await begun;
  let hasWorked = false;
  const waiting = inTurn(
    path,
    async () => {
      hasWorked = true;
    },
    stop.signal,
  );
  stop.abort();
  await assert.rejects(waiting, Stopped);
  finish();
  await inTurn(path, async () => undefined);
  assert.equal(hasWorked, false);
});

test('other processes have their turns, too; one that was killed at work holds nobody up', async (t) => {
  const path = lockIn(t);
  const child = fork(fileURLToPath(new URL('./turn-child.js', import.meta.url)), [path]);
  await once(child, 'message');
  let isGone = false;
  const next = inTurn(path, async () => isGone);
  const gone = once(child, 'exit').then(() => {
    isGone = true;
  });
  child.kill('SIGKILL');
  await gone;
  assert.equal(await next, true, 'its turn came after the other had ended');
});
