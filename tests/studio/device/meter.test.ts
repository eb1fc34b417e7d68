import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Message, ResourceError, Stopped, UnsupportedError } from 'espalier/base';
import { encodeModel, Tensor } from 'espalier/onnx';
import { smallestModel } from '#dist/studio/device/index.js';
import { DeviceMeter, type DeviceMeterOptions } from '#dist/studio/server/index.js';
import { TestStudio, temporaryFolder } from '../support.js';
import { agrees, TestDevice } from './test-device.js';

const { folder, remove } = temporaryFolder();
const run = join(folder, 'run');
const model = smallestModel();
const feeds = { x: Tensor.from('float32', [1], [-3]) };
let studio: TestStudio;
before(async () => {
  mkdirSync(join(run, 'models'), { recursive: true });
  writeFileSync(join(run, 'journal.jsonl'), '');
  writeFileSync(join(run, 'models', 'tiny.onnx'), encodeModel(model));
  studio = await TestStudio.open(folder);
});
after(async () => {
  await studio?.close();
  remove();
});

/** A meter for a device of a name, and what it says. */
function meterFor(name: string, options: Partial<DeviceMeterOptions> = {}) {
  const said: Message[] = [];
  let onSaid = (_: Message) => {};
  const first = new Promise<Message>((resolve) => {
    onSaid = resolve;
  });
  const onMessage = (message: Message) => {
    said.push(message);
    onSaid(message);
  };
  return { meter: new DeviceMeter({ folder: run, name, onMessage, ...options }), said, first };
}

const asked = (id: string, signal?: AbortSignal) => ({ id, file: 'models/tiny.onnx', model, feeds, signal });
/** The device's next job, however long that takes. */
async function nextOf(device: TestDevice) {
  for (;;) {
    const job = await device.next();
    if (job) return job;
  }
}

test('a run’s model is measured by the device of that name alone, on the run’s own data, and only once', async () => {
  const { meter } = meterFor('my phone');
  const latency = meter.latency(asked('one'));
  const impatient = await TestStudio.open(folder, { limits: { patience: 1 } });
  assert.equal(await (await TestDevice.join(impatient, 'another')).next(), undefined);
  await impatient.close();
  const phone = await TestDevice.join(studio, 'my phone');
  const job = await nextOf(phone);
  assert.equal(job.model, 'one');
  assert.equal(Buffer.from(job.feeds[0].data, 'base64').readFloatLE(), -3);
  assert.equal(Buffer.from(job.expected[0].data, 'base64').readFloatLE(), 0);
  assert.equal((await phone.model(job.id)).body.length, job.bytes);
  const other = { ...agrees(1), status: 'differs', difference: 0.5 };
  assert.equal((await phone.report(job.id, [agrees(4), { ...agrees(2), threads: 2 }, other])).status, 204);
  const found = await latency;
  const { p50, p95, backend, device, wrong, throughput } = found;
  assert.deepEqual([p50, p95, backend, device, wrong, throughput], [2, 4, 'WebAssembly, 2 threads', 'my phone', undefined, 500]);
  assert.deepEqual(await meterFor('my phone').meter.latency(asked('one')), found, 'another process of the run finds it');
  assert.deepEqual(readdirSync(join(run, 'device-jobs')), []);
});

test('what answers wrongly says so; what does not run at all is refused', async () => {
  const { meter } = meterFor('driver');
  const device = await TestDevice.join(studio, 'driver');
  const wrong = meter.latency(asked('one'));
  const first = await nextOf(device);
  await device.report(first.id, [{ ...agrees(2), status: 'differs', difference: 0.25 }]);
  const { p50, wrong: why } = await wrong;
  assert.deepEqual([p50, why], [2, 'its answers there are wrong: an output is off by 25% of its largest value']);
  const failing = meter.latency(asked('two'));
  const second = await nextOf(device);
  await device.report(second.id, [{ backend: 'wasm', threads: 1, status: 'fails', error: 'out of memory' }]);
  await assert.rejects(failing, (error) => error instanceof UnsupportedError && /driver.*out of memory/.test(error.message));
});

test('a device that is away is missed aloud, and the run goes on when it is back', async () => {
  const { meter, said, first } = meterFor('slow', { missed: 0 });
  const latency = meter.latency(asked('one'));
  assert.match((await first).text, /^"slow" was not heard of.*the run waits until/);
  const device = await TestDevice.join(studio, 'slow');
  const job = await nextOf(device);
  await device.report(job.id, [agrees(3)]);
  assert.equal((await latency).p50, 3);
  assert.deepEqual(
    said.map(({ level, text }) => [level, text.slice(0, 14)]),
    [
      ['warning', '"slow" was not'],
      ['info', '"slow" is back'],
    ],
  );
});

test('who stays away for too long ends the wait, with a way to go on; so does whoever stops the run', async () => {
  const { meter } = meterFor('gone', { wait: 1 });
  await assert.rejects(meter.latency(asked('one')), Stopped);
  assert.ok(meter.gone.reason instanceof ResourceError);
  assert.match(meter.gone.reason.message, /"gone" did not answer.*same command goes on/);
  const end = new AbortController();
  const stopped = meterFor('never').meter.latency(asked('one', end.signal));
  end.abort();
  await assert.rejects(stopped, Stopped);
  assert.deepEqual(readdirSync(join(run, 'device-jobs')), []);
});
