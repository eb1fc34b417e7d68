import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { footprint } from 'espalier/infrastructure/hardware';
import { loadModel } from 'espalier/onnx/node';
import type { LiveRun, RunInfo } from 'espalier/strategies';
import type { GraphInfo, RunSummary } from '#dist/studio/api/index.js';
import { makeRun, TestStudio, temporaryFolder } from './support.js';

const { folder, remove } = temporaryFolder();
const ID = encodeURIComponent('of iris/better');
let studio: TestStudio;
let front: RunInfo;
before(async () => {
  mkdirSync(join(folder, 'of iris'));
  await makeRun(join(folder, 'of iris'), 'better');
  front = JSON.parse(readFileSync(join(folder, 'of iris', 'better', 'front.json'), 'utf8'));
  studio = await TestStudio.open(folder, { version: '1.2.3' });
});
after(async () => {
  await studio?.close();
  remove();
});

test('the session says what can be done here', async () => {
  const { status, json } = await studio.ask('/api/session');
  assert.equal(status, 200);
  assert.deepEqual(json, { version: '1.2.3', canStart: true, maxUpload: 2e9 });
});

test('runs are found below the folder and named by their path', async () => {
  const { json } = await studio.ask('/api/runs');
  const [run, ...others] = json as RunSummary[];
  assert.deepEqual(others, []);
  assert.equal(run.id, 'of iris/better');
  assert.equal(run.state, 'complete');
  assert.equal(run.name, front.name);
  assert.equal(run.front, front.models.filter(({ onFront }) => onFront).length);
  assert.match(run.headline ?? '', /\w+/);
});

test('a run as it stands, and its front as it was written', async () => {
  const live = (await studio.ask(`/api/runs/${ID}`)).json as LiveRun;
  assert.equal(live.schema, 'espalier/live@1');
  assert.equal(live.state, 'complete');
  assert.deepEqual(live.models.map(({ id }) => id).sort(), front.models.map(({ id }) => id).sort());
  assert.equal(live.baseline?.id, front.baseline.id);
  assert.deepEqual((await studio.ask(`/api/runs/${ID}/front`)).json, front);
});

test('files of a run: whole, in parts, as their kind allows', async () => {
  const model = front.models[0].file;
  const bytes = readFileSync(join(folder, 'of iris', 'better', model));
  const whole = await studio.ask(`/api/runs/${ID}/files/${model}`);
  assert.deepEqual([whole.status, whole.headers['content-type']], [200, 'application/octet-stream']);
  assert.match(String(whole.headers['content-disposition']), /^attachment/);
  assert.deepEqual(whole.body, bytes);
  const range = async (text: string) => studio.ask(`/api/runs/${ID}/files/${model}`, { headers: { Range: text } });
  const size = bytes.length;
  for (const [asked, from, to] of [
    ['bytes=0-9', 0, 10],
    ['bytes=10-', 10, size],
    ['bytes=-5', size - 5, size],
    [`bytes=4-${size + 100}`, 4, size],
  ] as const) {
    const part = await range(asked);
    assert.equal(part.status, 206, asked);
    assert.equal(part.headers['content-range'], `bytes ${from}-${to - 1}/${size}`);
    assert.deepEqual(part.body, bytes.subarray(from, to), asked);
  }
  assert.equal((await range(`bytes=${size}-`)).status, 416);
  assert.equal((await range('bytes=9-3')).status, 416);
  assert.equal((await range('bytes=0-1,5-6')).status, 200, 'several parts: the whole file, as servers may');
  const head = await studio.ask(`/api/runs/${ID}/files/${model}`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, String(size), 0]);
});

test('a report has its script, and an origin of its own', async () => {
  const { status, headers, text } = await studio.ask(`/api/runs/${ID}/files/report.html`);
  assert.equal(status, 200);
  assert.match(text, /<script/);
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /^sandbox allow-scripts; default-src 'none'/);
  assert.doesNotMatch(policy, /allow-same-origin|connect-src|form-action 'self'/);
});

test('the graph of a model: every layer of its footprint, with its cost, and edges from who makes to who reads', async () => {
  for (const { id, file, label } of [front.baseline, ...front.models.slice(0, 2)]) {
    const { status, json } = await studio.ask(`/api/runs/${ID}/models/${id}/graph`);
    assert.equal(status, 200);
    const { name, nodes, edges } = json as GraphInfo;
    assert.equal(name, label);
    const cost = footprint(loadModel(join(folder, 'of iris', 'better', file)));
    const operators = nodes.filter(({ kind }) => kind === 'operator');
    assert.deepEqual(
      operators.map(({ op }) => op),
      cost.layers.map(({ op }) => op),
    );
    const sum = (field: 'macs' | 'parameters' | 'activationBytes') => operators.reduce((total, node) => total + node[field], 0);
    assert.equal(sum('macs'), cost.macs);
    assert.equal(sum('activationBytes'), cost.activationBytes);
    for (const { from, to } of edges) assert.ok(from < to && nodes[from] && nodes[to]);
    const read = new Set(edges.map(({ to }) => to));
    for (const [place, { kind }] of nodes.entries()) assert.equal(read.has(place), kind !== 'input', `${place}`);
  }
});

test('what there is not is 404, with words', async () => {
  for (const path of [
    '/api/nothing',
    '/api/runs/nothing',
    '/api/runs/nothing/events',
    '/api/runs/nothing/front',
    `/api/runs/${ID}/models/nothing/graph`,
    `/api/runs/${ID}/files/nothing.json`,
    `/api/runs/${ID}/files/models`,
    `/api/runs/${ID}/files/`,
  ]) {
    const { status, json } = await studio.ask(path);
    assert.equal(status, 404, path);
    assert.ok(json.error.message.length > 0, path);
  }
});

test('a run that is over is told nothing', async () => {
  const { status, json } = await studio.ask(`/api/runs/${ID}/steering`, { method: 'POST', json: { kind: 'pause' } });
  assert.equal(status, 409);
  assert.match(json.error.message, /it is complete/);
  const bad = await studio.ask(`/api/runs/${ID}/steering`, { method: 'POST', json: { kind: 'explode' } });
  assert.equal(bad.status, 400);
});

test('with --read-only nothing is started, steered or measured', async () => {
  const looker = await TestStudio.open(folder, { isReadOnly: true });
  try {
    assert.equal((await looker.ask('/api/session')).json.canStart, false);
    const post = async (path: string, json: unknown = {}) => (await looker.ask(path, { method: 'POST', json })).status;
    assert.equal(await post('/api/uploads'), 403);
    assert.equal(await post('/api/runs', { name: 'x', model: { architecture: 'mlp' }, data: { name: 'iris' } }), 403);
    assert.equal(await post(`/api/runs/${ID}/steering`, { kind: 'pause' }), 403);
    assert.equal(await post('/api/devices/invitation'), 403);
    assert.equal((await looker.ask('/api/runs')).json.length, 1);
  } finally {
    await looker.close();
  }
});
