import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readJournal } from 'espalier/automation/node';
import { Random } from 'espalier/base';
import type { RunInfo } from 'espalier/strategies';
import { readRun } from 'espalier/strategies/node';
import { eventsIn } from '#dist/strategies/node/events.js';
import { essence } from '../strategies/small-run.js';
import { Redis, skipWithoutRedis } from '../support/redis.js';
import { Running } from '../support/running.js';

/** 300 samples of three kinds, with four features each. */
function table(): string {
  const random = new Random(5);
  const rows = Array.from({ length: 300 }, (_, i) => {
    const kind = i % 3;
    return [...[kind, -kind, kind ** 2, 0].map((center) => (center + random.normal()).toFixed(3)), `kind ${kind}`].join();
  });
  return ['a,b,c,d,kind', ...rows, ''].join('\n');
}

const frontOf = (folder: string) => essence(JSON.parse(readFileSync(join(folder, 'front.json'), 'utf8')) as RunInfo);

/** Three machines: the studio's and coordinator's, and two workers', of which none sees another's folder. */
test('workers that share no folder: through the studio, with one killed in the middle, the front is that of one process; a wrong token is refused', {
  skip: skipWithoutRedis,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-apart-'));
  const home = join(folder, 'home');
  mkdirSync(join(home, 'runs'), { recursive: true });
  writeFileSync(join(home, 'flowers.csv'), table());
  writeFileSync(join(home, 'espalier.config.json'), JSON.stringify({ optimize: { epochs: 6 } }));
  const redis = await Redis.start();
  const all: Running[] = [];
  const started = (machine: string, args: readonly string[], env?: Record<string, string>) => {
    mkdirSync(join(folder, machine), { recursive: true });
    const running = new Running(join(folder, machine), args, env);
    all.push(running);
    return running;
  };
  try {
    const same = ['optimize', '--arch', 'mlp', '--data', 'flowers.csv', '--trials', '3', '--serving', 'none', '--threads', '1'];
    await started('home', [...same, '--out', 'alone']).succeeded();

    const studio = started('home', ['studio', 'runs', '--token-file', '../token']);
    const [address] = await studio.said(/http:\/\/127\.0\.0\.1:\d+(?=\/\?token)/);
    const token = readFileSync(join(folder, 'token'), 'utf8').trim();
    assert.equal(statSync(join(folder, 'token')).mode & 0o077, 0);
    const queue = ['--queue', redis.url];
    const run = [...same, '--out', 'runs/far', ...queue, '--store', address];

    const wrong = await started('home', run, { ESPALIER_TOKEN: 'x'.repeat(43) }).ended;
    assert.equal(wrong.code, 1);
    assert.match(wrong.said, /token is missing or wrong.*ESPALIER_TOKEN/s);
    const shown = await started('home', [...run.slice(0, -1), `${address}/?token=${token}`]).ended;
    assert.equal(shown.code, 2);
    assert.match(shown.said, /A token does not belong into the address/);

    const old = join(folder, 'second', 'cache', 'runs', '0123456789abcdef');
    mkdirSync(old, { recursive: true });
    for (const name of ['located.json', 'data']) {
      writeFileSync(join(old, name), Buffer.alloc(1000));
      utimesSync(join(old, name), 1, 1);
    }
    utimesSync(old, 1, 1);
    const worker = (machine: string) =>
      started(machine, ['worker', ...queue, '--cache', 'cache', '--cache-size', '1KB', '--token-file', '../token']);
    const coordinator = started('home', run, { ESPALIER_TOKEN: token });
    await coordinator.said(/the run is "far"/);
    // It is refused at its first job, which goes to another: nothing of the run fails.
    const refused = await started('third', ['worker', ...queue, '--cache', 'cache'], { ESPALIER_TOKEN: 'x'.repeat(43) }).ended;
    assert.equal(refused.code, 1);
    assert.match(refused.said, /token is missing or wrong.*ESPALIER_TOKEN/s);
    const lost = worker('first');
    await Promise.race([lost.said(/: done in[\s\S]*: begun/), coordinator.succeeded()]);
    await lost.kill();
    const kept = worker('second');
    await coordinator.succeeded();

    assert.deepEqual(frontOf(join(home, 'runs', 'far')), frontOf(join(home, 'alone')));
    assert.ok(!existsSync(join(home, 'runs', 'far', '.inputs')), 'what the run was given is needed no more');
    const kinds = (await readJournal(join(home, 'runs', 'far', 'journal.jsonl'))).map(({ kind }) => kind);
    assert.ok(kinds.includes('stage'));
    const trained = (await readRun(join(home, 'runs', 'far'))).baseline?.recipe.map(({ technique }) => technique);
    assert.ok(trained?.includes('train'), 'the architecture was trained by a worker');
    const events = eventsIn(readFileSync(join(home, 'runs', 'far', 'events.jsonl'), 'utf8'));
    const begun = events.filter((event) => event.kind === 'progress' && event.task.startsWith('baseline/'));
    assert.ok(
      begun.some((event) => 'worker' in event && event.worker === `${hostname()}-${lost.child.pid}`),
      'the baseline of an architecture is made by a worker',
    );
    for (const { child } of [lost, kept]) {
      const own = events.filter((event) => 'worker' in event && event.worker === `${hostname()}-${child.pid}`);
      assert.ok(
        own.some((event) => event.kind === 'epoch'),
        'epochs of its trainings are in the run',
      );
      assert.equal(own.at(-1)?.kind, 'idle', 'nobody is shown at work for ever');
    }
    for (const machine of ['first', 'second']) {
      const [key, ...others] = readdirSync(join(folder, machine, 'cache', 'runs'));
      assert.deepEqual(others, [], 'what was used long ago makes room');
      assert.ok(existsSync(join(folder, machine, 'cache', 'runs', key, 'in', '0', 'flowers.csv')));
      assert.ok(!existsSync(join(folder, machine, 'flowers.csv')));
    }
    // No message and no file of a worker holds the token.
    const journal = readFileSync(join(home, 'runs', 'far', 'journal.jsonl'), 'utf8');
    assert.ok(!journal.includes(token));
  } finally {
    for (const { child } of all) child.kill('SIGKILL');
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
