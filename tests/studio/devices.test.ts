import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import type { RunInfo } from 'espalier/strategies';
import { agreementOf } from '#dist/infrastructure/targets/index.js';
import type { DeviceInfo, DeviceJob, DeviceTensor, Invitation } from '#dist/studio/api/index.js';
import { DeviceLab } from '#dist/studio/server/devices/lab.js';
import { root } from '../support/paths.js';
import { agrees, TestDevice } from './device/test-device.js';
import { makeRun, TestStudio, temporaryFolder } from './support.js';

const { folder, remove } = temporaryFolder();
let studio: TestStudio;
let front: RunInfo;
let models: string[];
const record = join(folder, 'iris', 'devices.json');
before(async () => {
  await makeRun(folder, 'iris');
  front = JSON.parse(readFileSync(join(folder, 'iris', 'front.json'), 'utf8'));
  models = [...front.models.filter(({ onFront }) => onFront), front.baseline].map(({ id }) => id);
});
after(remove);

const tensors = (list: readonly DeviceTensor[]) =>
  Object.fromEntries(
    list.map(({ name, dtype, shape, data }) => [name, new Tensor(dtype as 'float32', shape, new Uint8Array(Buffer.from(data, 'base64')))]),
  );
test('a device measures every model of the front once; results are in the run’s folder, and another studio finds them', async () => {
  studio = await TestStudio.open(folder, { limits: { patience: 1 } });
  try {
    const phone = await TestDevice.join(studio, 'my phone');
    const runtime = createNodeRuntime({ threads: 1 });
    const measured: string[] = [];
    for (let job = await phone.next(); job; job = await phone.next()) {
      const { id, run, model, label, bytes, feeds, expected, tolerance } = job;
      assert.equal(run, 'iris');
      assert.equal(label, [front.baseline, ...front.models].find((each) => each.id === model)?.label);
      const { body } = await phone.model(id);
      assert.equal(body.length, bytes);
      const program = await runtime.compile(new Uint8Array(body));
      assert.equal(agreementOf(tensors(expected), await program.run(tensors(feeds)), tolerance).status, 'agrees');
      await program.dispose();
      const [listed] = (await studio.ask('/api/devices')).json as DeviceInfo[];
      assert.deepEqual([listed.name, listed.job], ['my phone', { run, model }]);
      assert.equal((await phone.report(id, [agrees(measured.length + 1)])).status, 204);
      measured.push(model);
    }
    await runtime.dispose();
    assert.deepEqual(measured, models);
    const { results, job, id } = ((await studio.ask('/api/devices')).json as DeviceInfo[])[0];
    assert.equal(job, undefined);
    assert.notEqual(id, phone.id, 'what lets a device act is nobody else’s business');
    assert.deepEqual(
      results.map(({ model, backends }) => [model, backends[0].p50]),
      models.map((model, index) => [model, index + 1]),
    );
    const again = await TestDevice.join(studio, 'my phone');
    assert.equal(await again.next(), undefined, 'a device that comes back has nothing left to do');
  } finally {
    await studio.close();
  }
  const later = await TestStudio.open(folder, { limits: { patience: 1 } });
  try {
    const [device] = (await later.ask('/api/devices')).json as DeviceInfo[];
    assert.deepEqual([device.name, device.results.length], ['my phone', models.length]);
    assert.equal(JSON.parse(readFileSync(record, 'utf8')).schema, 'espalier/devices@1');
  } finally {
    await later.close();
  }
});

test('what a device is fed is a flower of the validation part where the data is at hand', async () => {
  const flowers = readFileSync(join(root, 'assets', 'iris.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').slice(0, 4).map(Number));
  const other = await TestStudio.open(folder, { limits: { patience: 1 } });
  try {
    const { feeds } = (await (await TestDevice.join(other, 'curious')).next()) as DeviceJob;
    const [fed] = Object.values(tensors(feeds)).map((tensor) => [...tensor.numbers()]);
    assert.ok(
      flowers.some((flower) => flower.every((value, i) => Math.abs(value - fed[i]) < 1e-5)),
      `${fed}`,
    );
  } finally {
    await other.close();
  }
});

test('a job that is found when its device has gone is given to whoever comes back, at once', async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const lab = new DeviceLab({
    candidates: async () => [{ run: 'iris', folder, model: 'new', label: 'new', file: 'models/new.onnx' }],
    sample: async () => {
      await held;
      return { bytes: 1, feeds: [], expected: [], tolerance: 0 };
    },
    patience: 0,
  });
  const hello = { name: 'reloaded', userAgent: 'a test', cores: 2, secure: true, webgpu: false };
  const [before, after] = [lab.greet(hello), lab.greet(hello)];
  const gone = new AbortController();
  const asked = lab.next(before, gone.signal);
  gone.abort();
  letGo();
  assert.equal(await asked, undefined);
  assert.equal((await lab.next(after, new AbortController().signal))?.model, 'new');
});

test('a device that stops in the middle of a job: it goes back, and the first result stays', async (context) => {
  // Time goes by when the test says so.
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const lease = 60_000;
  const other = await TestStudio.open(folder, { limits: { patience: 0, lease } });
  try {
    const tablets = await Promise.all(models.map(() => TestDevice.join(other, 'tablet')));
    const jobs: DeviceJob[] = [];
    for (const tablet of tablets) jobs.push((await tablet.next()) as DeviceJob);
    assert.deepEqual(
      jobs.map(({ model }) => model),
      models,
      'what one is at is not given twice',
    );
    const [[tablet], [job]] = [tablets, jobs];
    const last = await TestDevice.join(other, 'tablet');
    context.mock.timers.tick(lease);
    assert.equal(await last.next(), undefined, 'all are at work still');
    context.mock.timers.tick(1);
    const back = (await last.next()) as DeviceJob;
    assert.equal(back.model, job.model);
    assert.equal((await last.report(back.id, [agrees(7)])).status, 204);
    assert.equal((await tablet.report(job.id, [agrees(8)])).status, 204, 'late, but no error');
    const { results } = ((await other.ask('/api/devices')).json as DeviceInfo[]).find(({ name }) => name === 'tablet') as DeviceInfo;
    assert.deepEqual(
      results.filter(({ model }) => model === job.model).map(({ backends }) => backends[0].p50),
      [7],
    );
  } finally {
    await other.close();
  }
});

test('what is no result is refused', async () => {
  const other = await TestStudio.open(folder, { limits: { patience: 1 } });
  try {
    const device = await TestDevice.join(other, 'odd');
    const { id } = (await device.next()) as DeviceJob;
    const before = readFileSync(record, 'utf8');
    const good = agrees(1);
    for (const backends of [
      [],
      'x',
      [{ ...good, p50: -1 }],
      [{ ...good, p50: 1e300 }],
      [{ ...good, p50: 5, p95: 4 }],
      [{ ...good, p50: null }],
      [{ ...good, threads: 0.5 }],
      [{ ...good, status: 'fine' }],
      [{ ...good, backend: 'cpu' }],
      [{ ...good, error: 'x'.repeat(3000) }],
      [{ ...good, more: 1 }],
      Array.from({ length: 9 }, () => good),
    ])
      assert.equal((await device.report(id, backends)).status, 400, JSON.stringify(backends).slice(0, 80));
    const raw = await other.send(`/api/device/${device.id}/jobs/${id}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${device.token}`, 'Content-Type': 'application/json' },
      body: '{"backends":[{"backend":"wasm","threads":1,"p50":1e999,"status":"agrees"}]}',
    });
    assert.equal(raw.status, 400, 'infinity');
    const stranger = await TestDevice.join(other, 'stranger');
    assert.equal((await stranger.report(id, [good])).status, 404, 'the job of another device');
    assert.equal((await stranger.model(id)).status, 404);
    assert.equal((await device.model('nothing')).status, 404);
    assert.equal(readFileSync(record, 'utf8'), before);
  } finally {
    await other.close();
  }
});

test('a damaged devices.json is left alone, and devices get no work from that run', async () => {
  writeFileSync(record, '{"schema":"espalier/devices@1","results":[{}]}');
  const other = await TestStudio.open(folder, { limits: { patience: 1 } });
  try {
    const device = await TestDevice.join(other, 'new');
    assert.equal(await device.next(), undefined);
    assert.match(readFileSync(record, 'utf8'), /\[\{\}\]/);
    assert.equal((await other.ask('/api/devices')).status, 200);
  } finally {
    await other.close();
  }
});

test('an invitation says what a browser will make of its address', async () => {
  const invite = async (options: Parameters<typeof TestStudio.open>[1]) => {
    const other = await TestStudio.open(folder, options);
    try {
      return (await other.ask('/api/devices/invitation', { method: 'POST' })).json as Invitation;
    } finally {
      await other.close();
    }
  };
  const here = await invite({});
  assert.match(here.link, /^http:\/\/127\.0\.0\.1:\d+\/device#[\w-]{43}$/);
  assert.equal(here.secure, true);
  assert.match(here.advice ?? '', /Only this machine/);
  const tunnel = await invite({ publicUrl: 'https://studio.example.com' });
  assert.match(tunnel.link, /^https:\/\/studio\.example\.com\/device#/);
  assert.deepEqual([tunnel.secure, tunnel.advice], [true, undefined]);
});
