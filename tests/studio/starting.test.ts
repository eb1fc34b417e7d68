import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { LiveRun } from 'espalier/strategies';
import { espalier } from '../cli/run.js';
import { eventsIn, TestStudio, temporaryFolder, until } from './support.js';

const { folder, remove } = temporaryFolder();
let studio: TestStudio;
before(async () => {
  studio = await TestStudio.open(folder);
  // A configuration in the folder is for who types commands there.
  writeFileSync(join(folder, 'espalier.config.json'), '{ "optimize": { "trials": 500 } }');
});
after(async () => {
  await studio?.close();
  remove();
});

const SMALL = { trials: 1, epochs: 4, seed: 3 };
const start = (json: unknown) => studio.ask('/api/runs', { method: 'POST', json });

/** Follows a run until it has ended. */
async function ended(id: string): Promise<LiveRun> {
  const response = await fetch(`${studio.origin}/api/runs/${id}/events`, { headers: { Authorization: `Bearer ${studio.token}` } });
  assert.equal(response.status, 200, await (response.ok ? '' : response.text()));
  for await (const { event, data } of eventsIn(response)) {
    assert.notEqual(event, 'gone');
    if (['complete', 'failed'].includes((data as LiveRun).state)) break;
  }
  return (await studio.ask(`/api/runs/${id}`)).json;
}

async function uploaded(files: Record<string, Buffer | string>): Promise<string> {
  const { id } = (await studio.ask('/api/uploads', { method: 'POST' })).json;
  for (const [path, body] of Object.entries(files))
    assert.equal((await studio.ask(`/api/uploads/${id}/${path}`, { method: 'PUT', body })).status, 204);
  return id;
}

test('an architecture and data that come with the package: the run is there at once, goes on by itself, and keeps its log', async () => {
  const { status, json } = await start({
    ...SMALL,
    name: 'grown',
    model: { architecture: 'mlp', width: 0.5 },
    data: { name: 'iris' },
    target: 'c',
    limits: { maxDrop: 50, maxSize: 1e6, maxFlash: 1e6 },
    objectives: ['bytes'],
  });
  assert.deepEqual([status, json], [201, { id: 'grown' }]);
  const listed = (await studio.ask('/api/runs')).json;
  assert.equal(listed[0].id, 'grown');
  assert.match(listed[0].state, /^(starting|searching|settling|complete)$/);
  const run = await ended('grown');
  assert.equal(run.state, 'complete', run.error);
  const front = JSON.parse(readFileSync(join(folder, 'grown', 'front.json'), 'utf8'));
  assert.deepEqual([front.options.trials, front.options.epochs, front.seed], [1, 4, 3]);
  assert.deepEqual([front.limits.maxDrop, front.limits.maxSize, front.limits.maxFlash], [50, 1e6, 1e6]);
  assert.equal(front.options.target, 'c');
  assert.deepEqual(front.objectives, ['quality', 'bytes']);
  const log = await studio.ask('/api/runs/grown/files/run.log');
  assert.match(log.text, /Task: classification, 3 classes/);
});

test('a model and data that were uploaded, by a studio that ends meanwhile: the run goes on, and what it needs is kept', async () => {
  assert.equal((await espalier(['sample', 'table', '--out', join(folder, 'samples')])).code, 0);
  const flats = readFileSync(join(folder, 'samples', 'flats.csv'));
  const train = `train --arch mlp --data ${join(folder, 'samples')} --epochs 4 --threads 1 -o ${join(folder, 'net.onnx')}`.split(' ');
  assert.equal((await espalier(train)).code, 0);
  const model = await uploaded({ 'my%20net.onnx': readFileSync(join(folder, 'net.onnx')) });
  const data = await uploaded({ 'flats/flats.csv': flats });
  const unused = await uploaded({ x: 'x' });
  assert.equal(
    (await start({ ...SMALL, name: 'sent', model: { upload: model, path: 'my net.onnx' }, data: { upload: data } })).status,
    201,
  );
  assert.deepEqual(
    studio.studio.running.map(({ id }) => id),
    ['sent'],
  );
  await studio.close();
  assert.deepEqual(readdirSync(join(folder, '.studio', 'data')).sort(), [model, data].sort());
  assert.deepEqual(readdirSync(join(folder, '.studio', 'uploads')), []);
  await until(() => existsSync(join(folder, 'sent', 'report.html')));
  studio = await TestStudio.open(folder);
  const run = await ended('sent');
  assert.equal(run.state, 'complete');
  assert.equal(run.task.kind, 'regression');
  assert.equal(JSON.parse(readFileSync(join(folder, 'sent', 'front.json'), 'utf8')).name, 'my net.onnx');
  assert.equal(
    (await start({ name: 'again', model: { upload: unused, path: 'x' }, data: { name: 'iris' } })).status,
    404,
    'what no run was started with is gone',
  );
});

test('a run that fails says why', async () => {
  const upload = await uploaded({ 'net.onnx': 'this is no model' });
  assert.equal((await start({ name: 'wrong', model: { upload, path: 'net.onnx' }, data: { name: 'iris' } })).status, 201);
  const run = await ended('wrong');
  assert.equal(run.state, 'failed');
  assert.match(run.error ?? '', /error: .*net\.onnx/);
  const [summary] = (await studio.ask('/api/runs')).json;
  assert.deepEqual([summary.id, summary.state], ['wrong', 'failed']);
});

test('what cannot be started is refused, and leaves no folder', async () => {
  const upload = await uploaded({ 'net.onnx': 'x' });
  mkdirSync(join(folder, 'taken'));
  const before = readdirSync(folder);
  const good = { name: 'fresh', model: { architecture: 'mlp' }, data: { name: 'iris' } };
  const attempts: [unknown, number][] = [
    [{ ...good, name: 'taken' }, 409],
    [{ ...good, name: 'grown' }, 409],
    [{ ...good, name: '../fresh' }, 400],
    [{ ...good, name: '.fresh' }, 400],
    [{ ...good, name: '-fresh' }, 400],
    [{ ...good, name: 'nul' }, 400],
    [{ ...good, name: 'a/b' }, 400],
    [{ ...good, name: 'x'.repeat(65) }, 400],
    [{ ...good, model: { architecture: '--help' } }, 400],
    [{ ...good, model: { architecture: '__proto__' } }, 400],
    [{ ...good, data: { name: '/etc' } }, 404],
    [{ ...good, data: { name: '--out=/tmp/x' } }, 404],
    [{ ...good, data: { upload: '../..' } }, 404],
    [{ ...good, model: { upload, path: '../../../taken' } }, 404],
    [{ ...good, model: { upload, path: '/etc/passwd' } }, 404],
    [{ ...good, model: { upload: 'nothing', path: 'net.onnx' } }, 404],
    [{ ...good, trials: 0 }, 400],
    [{ ...good, trials: 1e9 }, 400],
    [{ ...good, seed: -1 }, 400],
    [{ ...good, objectives: ['everything'] }, 400],
    [{ ...good, limits: { maxSize: -5 } }, 400],
    [{ ...good, args: ['--queue', 'redis://elsewhere'] }, 400],
  ];
  for (const [json, status] of attempts) {
    const answer = await start(json);
    assert.equal(answer.status, status, `${JSON.stringify(json)}: ${answer.text}`);
  }
  assert.deepEqual(readdirSync(folder), before);
});

test('runs at a time are limited, and a folder that is a run itself starts none', async () => {
  const own = temporaryFolder();
  const narrow = await TestStudio.open(own.folder, { limits: { processes: 0 } });
  const inside = await TestStudio.open(join(folder, 'grown'));
  try {
    const json = { name: 'x', model: { architecture: 'mlp' }, data: { name: 'iris' } };
    assert.equal((await narrow.ask('/api/runs', { method: 'POST', json })).status, 409);
    assert.equal((await inside.ask('/api/session')).json.canStart, false);
    assert.equal((await inside.ask('/api/runs', { method: 'POST', json })).status, 403);
    assert.deepEqual(
      (await inside.ask('/api/runs')).json.map(({ id }: { id: string }) => id),
      ['grown'],
    );
  } finally {
    await narrow.close();
    await inside.close();
    own.remove();
  }
});

test('data that come with the package are listed', async () => {
  assert.deepEqual(
    (await studio.ask('/api/datasets')).json.map(({ name }: { name: string }) => name),
    ['digits', 'iris'],
  );
});
