import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
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

/** Runs the child until it ends, or until the time is over where there is one. @returns whether it was killed. */
function runFor(
  milliseconds: number | undefined,
  folder: string,
  start: string,
): Promise<{ killed: boolean; code: number | null; said: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./killed-child.js', import.meta.url)), folder, start, String(TRIALS)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  let killed = false;
  const kill = () => {
    killed = child.kill('SIGKILL');
  };
  const timer = milliseconds === undefined ? undefined : setTimeout(kill, milliseconds);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ killed, code, said });
    });
  });
}

test(`kill -9 in the middle of optimize, ${KILLS} times: it ends with the front of an undisturbed run`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-killed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const start = await trainStart(folder);

  const began = performance.now();
  const undisturbed = await smallRun({ folder: join(folder, 'whole'), strategy: 'shrink-and-improve', trials: TRIALS }, start);
  const length = performance.now() - began;

  const random = new Random('moments of death');
  let kills = 0;
  for (let attempt = 0; attempt < 40; attempt++) {
    // A resumed run must first get back to where it was, so that the moments are spread over a start and a piece of work.
    const life = kills < KILLS ? 700 + random.uniform() * (length / 4) : undefined;
    const { killed, code, said } = await runFor(life, join(folder, 'killed'), start);
    if (killed) kills++;
    else {
      assert.equal(code, 0, said);
      break;
    }
  }
  t.diagnostic(`killed ${kills} times; an undisturbed run takes ${(length / 1000).toFixed(1)} s`);
  assert.ok(kills >= 5, `only ${kills} kills happened before the run was over`);
  const resumed = JSON.parse(readFileSync(join(folder, 'killed', 'front.json'), 'utf8')) as RunInfo;
  assert.deepEqual(JSON.parse(JSON.stringify(essence(resumed))), JSON.parse(JSON.stringify(essence(undisturbed))));
});
