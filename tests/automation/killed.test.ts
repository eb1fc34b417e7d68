import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readStudy } from 'espalier/automation';
import { readJournal } from 'espalier/automation/node';
import { Random } from 'espalier/base';

const script = fileURLToPath(new URL('killed-study.js', import.meta.url));

/** Runs the study, up to so many records in its journal where that is given. */
async function run(path: string, concurrency: number, records?: number): Promise<{ wasKilled: boolean }> {
  const args = [script, path, String(concurrency), ...(records === undefined ? [] : [String(records)])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = await once(child, 'exit');
  assert.ok(code === 0 || signal === 'SIGKILL', `ended with ${code ?? signal}`);
  return { wasKilled: signal === 'SIGKILL' };
}

test('killed again and again, a study ends with the trials of one that was left alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-killed-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const calm = join(folder, 'calm.jsonl');
  await run(calm, 2);
  const expected = readStudy(await readJournal(calm));
  assert.equal(expected.trials.length, 30);

  const random = new Random('kills');
  const killed = join(folder, 'killed.jsonl');
  let kills = 0;
  for (let attempt = 0; attempt < 12; attempt++) {
    const { wasKilled } = await run(killed, 1 + (attempt % 4), 3 + random.integer(12));
    if (!wasKilled) break;
    kills++;
  }
  await run(killed, 3);
  assert.ok(kills >= 3, `only ${kills} kills`);
  const got = readStudy(await readJournal(killed));
  assert.deepEqual(got.trials, expected.trials);
  assert.deepEqual(got.front(), expected.front());
  const begun = (await readJournal(killed)).filter(({ kind }) => kind === 'trial.again').length;
  assert.ok(begun > 0, 'some trials were cut off and begun again');
  assert.ok((await readFile(killed)).length > (await readFile(calm)).length);
});
