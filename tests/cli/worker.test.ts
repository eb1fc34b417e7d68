import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.js';
import { Redis, skipWithoutRedis } from '../support/redis.js';

const program = join(root, 'bin', 'espalier.js');

/** A command in a folder: what it said so far, and how it ended. */
class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; said: string }>;
  #said = '';
  readonly #waiting = new Set<() => void>();

  constructor(folder: string, ...args: string[]) {
    this.child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const hear = (bytes: Buffer) => {
      this.#said += bytes;
      for (const look of [...this.#waiting]) look();
    };
    this.child.stdout?.on('data', hear);
    this.child.stderr?.on('data', hear);
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve({ code, said: this.#said })));
  }

  /** Resolves once it has said that. */
  said(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!pattern.test(this.#said)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      this.ended.then(({ said }) => reject(new Error(`It ended before it said ${pattern}: ${said}`)));
      look();
    });
  }
}

async function succeeded(running: Running): Promise<string> {
  const { code, said } = await running.ended;
  assert.equal(code, 0, said);
  return said;
}

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
  try {
    const data = ['--data', 'digits'];
    await succeeded(new Running(folder, 'train', '--arch', 'survey-cnn', '--width', '0.1', ...data, '--epochs', '6', '--out', 'net.onnx'));
    const same = ['optimize', 'net.onnx', ...data, '--epochs', '1', '--trials', '4', '--serving', 'none'];
    await succeeded(new Running(folder, ...same, '--out', 'alone'));

    const worker = () => {
      const made = new Running(folder, 'worker', '--queue', redis.url);
      workers.push(made);
      return made;
    };
    const lost = worker();
    await lost.said(/Taking jobs/);
    const queued = [...same, '--out', 'shared', '--queue', redis.url];
    const coordinator = new Running(folder, ...queued);
    await lost.said(/: done in/);
    for (const { child, ended } of [lost, coordinator]) {
      child.kill('SIGKILL');
      await ended;
    }
    const kept = worker();
    const said = await succeeded(new Running(folder, ...queued));
    assert.match(said, /Models are made by workers: espalier worker --queue redis/);
    assert.deepEqual(foundIn(join(folder, 'shared')), foundIn(join(folder, 'alone')));

    kept.child.kill('SIGTERM');
    assert.match((await kept.ended).said, /job\(s\) done/);
    // What was found is in the folder: the same command, without workers, has nothing to do.
    await succeeded(new Running(folder, ...same, '--out', 'shared'));
    assert.deepEqual(foundIn(join(folder, 'shared')), foundIn(join(folder, 'alone')));
  } finally {
    for (const { child } of workers) child.kill('SIGKILL');
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
