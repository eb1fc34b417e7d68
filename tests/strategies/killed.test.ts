import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Random } from 'espalier/base';
import type { RunInfo } from 'espalier/strategies';
import { essence, smallRun, trainStart } from './small-run.js';

const TRIALS = 5;
const KILLS = 10;

/** Runs the child. @param death after how much progress, and how many milliseconds, it is killed; absent: never. @returns the signal that ended it, or its exit code. */
async function run(folder: string, start: string, death: readonly number[] = []): Promise<string | number | null> {
  const script = fileURLToPath(new URL('./killed-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, folder, start, ...[TRIALS, ...death].map(String)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return signal ?? code;
}

test(`kill -9 in the middle of optimize, ${KILLS} times: it ends with the front of an undisturbed run`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-killed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const start = await trainStart(folder);

  let events = 0;
  const onProgress = () => {
    events++;
  };
  const undisturbed = await smallRun({ folder: join(folder, 'whole'), strategy: 'shrink-and-improve', trials: TRIALS, onProgress }, start);

  const random = new Random('moments of death');
  // A resumed run must first get back to where it was; what is new then is at most so much of the whole that all kills come before its end.
  const most = Math.floor(events / (KILLS + 1));
  for (let kills = 0; kills < KILLS; kills++)
    assert.equal(await run(join(folder, 'killed'), start, [1 + random.integer(most), random.integer(20)]), 'SIGKILL');
  assert.equal(await run(join(folder, 'killed'), start), 0);
  t.diagnostic(`killed ${KILLS} times, each within ${most} of ${events} signs of progress`);
  const resumed = JSON.parse(readFileSync(join(folder, 'killed', 'front.json'), 'utf8')) as RunInfo;
  assert.deepEqual(JSON.parse(JSON.stringify(essence(resumed))), JSON.parse(JSON.stringify(essence(undisturbed))));
});
