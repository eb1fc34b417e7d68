import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis, skipWithoutRedis } from '../support/redis.js';
import { Running } from '../support/running.js';

/** What a run found, without what is measured by a clock. */
function foundIn(folder: string) {
  const { models } = JSON.parse(readFileSync(join(folder, 'front.json'), 'utf8')) as {
    models: { id: string; trial: number; onFront: boolean; validation: { value: number }; footprint: { bytes: number } }[];
  };
  return models.map(({ id, trial, onFront, validation, footprint }) => [id, trial, onFront, validation.value, footprint.bytes]);
}

test('models that workers make, where one and the coordinator are killed with -9, are those that one process makes', {
  skip: skipWithoutRedis,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-workers-'));
  const redis = await Redis.start();
  const workers: Running[] = [];
  const started = (...args: string[]) => new Running(folder, args);
  try {
    const data = ['--data', 'digits'];
    await started('train', '--arch', 'survey-cnn', '--width', '0.1', ...data, '--epochs', '6', '--out', 'net.onnx').succeeded();
    const same = ['optimize', 'net.onnx', ...data, '--epochs', '1', '--trials', '3', '--serving', 'none'];
    await started(...same, '--out', 'alone').succeeded();

    const worker = () => {
      const made = new Running(folder, ['worker', '--queue', redis.url]);
      workers.push(made);
      return made;
    };
    const lost = worker();
    await lost.said(/Taking jobs/);
    const queued = [...same, '--out', 'shared', '--queue', redis.url];
    const coordinator = started(...queued);
    await lost.said(/: done in/);
    for (const each of [lost, coordinator]) await each.kill();
    const kept = worker();
    const said = await started(...queued).succeeded();
    assert.match(said, /Models are made by workers: espalier worker --queue redis/);
    assert.deepEqual(foundIn(join(folder, 'shared')), foundIn(join(folder, 'alone')));

    // A run that is stopped has its worker leave what it does, for the next one.
    const long = started('optimize', '--arch', 'survey-cnn', ...data, '--epochs', '100000', '--out', 'stopped', '--queue', redis.url);
    await kept.said(/build-train-\w+: begun/);
    long.child.kill('SIGTERM');
    await long.ended;
    await kept.said(/build-train-\w+: given up/);

    kept.child.kill('SIGTERM');
    assert.match((await kept.ended).said, /job\(s\) done/);
    // What was found is in the folder: the same command, without workers, has nothing to do.
    await started(...same, '--out', 'shared').succeeded();
    assert.deepEqual(foundIn(join(folder, 'shared')), foundIn(join(folder, 'alone')));
  } finally {
    for (const { child } of workers) child.kill('SIGKILL');
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
