import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CacheEntry, trimCache } from 'espalier/base/node';

const HOUR = 3_600_000;

/** A cache with a file of 1000 bytes under each name. @returns its folder, and entries for what lies in it, used so many hours ago. */
function cacheOf(t: TestContext, names: readonly string[]): { folder: string; entry: (name: string, hours: number) => CacheEntry } {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-cache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), Buffer.alloc(1000));
  }
  return { folder, entry: (name, hours) => ({ path: join(folder, name), usedAt: Date.now() - hours * HOUR }) };
}

test('what was used longest ago goes, and no more than has to', async (t) => {
  const { folder, entry } = cacheOf(t, ['a', 'b', 'c/one', 'c/deep/two', 'd']);
  const entries = [entry('a', 3), entry('b', 9), entry('c', 5), entry('d', 2)];
  assert.equal(await trimCache(entries, 5000), 0);
  assert.equal(await trimCache(entries, 4500), 1000);
  assert.deepEqual(readdirSync(folder), ['a', 'c', 'd']);
  // A folder goes as a whole.
  assert.equal(await trimCache(entries, 3999), 2000);
  assert.deepEqual(readdirSync(folder), ['a', 'd']);
});

test('what was used within the hour stays, however much it is', async (t) => {
  const { folder, entry } = cacheOf(t, ['now', 'before']);
  assert.equal(await trimCache([entry('now', 0.5), entry('before', 2)], 1), 1000);
  assert.deepEqual(readdirSync(folder), ['now']);
});

test('a file with two names counts once, is as lately used as the later of them, and is freed with the last', async (t) => {
  const { folder, entry } = cacheOf(t, ['shared', 'own', 'run/model']);
  linkSync(join(folder, 'shared'), join(folder, 'run', 'data'));
  const entries = [entry('shared', 9), entry('own', 8), entry('run', 7)];
  assert.equal(await trimCache(entries, 3000), 0);
  assert.equal(await trimCache(entries, 2000), 1000);
  assert.deepEqual(readdirSync(folder), ['run', 'shared'], 'the run has used it since "own" was used');
  assert.equal(await trimCache(entries, 1), 2000);
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder that nobody has used since goes, though others use a file of it; that file stays for them', async (t) => {
  const { folder, entry } = cacheOf(t, ['shared', 'old/model', 'new/model']);
  for (const run of ['old', 'new']) linkSync(join(folder, 'shared'), join(folder, run, 'data'));
  const entries = [entry('shared', 9), entry('old', 9), entry('new', 0.5)];
  assert.equal(await trimCache(entries, 1), 1000);
  assert.deepEqual(readdirSync(folder), ['new', 'shared']);
});

test('processes that do so at once remove no more than one would', async (t) => {
  const { folder, entry } = cacheOf(t, ['a', 'b', 'c', 'd']);
  const entries = [entry('a', 5), entry('b', 4), entry('c', 3), entry('d', 2)];
  await Promise.all([1, 2, 3].map(() => trimCache(entries, 3000)));
  assert.deepEqual(readdirSync(folder), ['b', 'c', 'd']);
});

test('what is not there any more is nothing', async (t) => {
  const { folder, entry } = cacheOf(t, ['a']);
  assert.equal(await trimCache([entry('gone', 9), entry('a', 8)], 1), 1000);
  assert.ok(!existsSync(join(folder, 'a')));
});
