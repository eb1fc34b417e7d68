import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { Stopped } from 'espalier/base';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type Tensor } from 'espalier/onnx';
import type { DeviceTensor } from '#dist/studio/api/index.js';
import { measureBackend } from '#dist/studio/device/index.js';
import { backendName, measurementText, recommended } from '#dist/studio/view/index.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** A small network, an input and what it answers, as a studio sends them. */
async function makeJob() {
  const network = architecture('mlp').build({ input: [4], classes: 3, seed: 1 });
  const model = encodeModel(network);
  const sent = (tensors: Record<string, Tensor>): DeviceTensor[] =>
    Object.entries(tensors).map(([name, tensor]) => ({
      name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      data: Buffer.from(tensor.bytes()).toString('base64'),
    }));
  const feeds = sent(makeFeeds(network));
  const program = await runtime.compile(model);
  const expected = sent(await program.run(makeFeeds(network)));
  await program.dispose();
  return { model, job: { feeds, expected, tolerance: 1e-3, runs: 12 } };
}

const common = { runtime, backend: 'wasm', runsOn: 'cpu', threads: 1 } as const;

test('a model that answers as expected agrees, with its times', async () => {
  const { model, job } = await makeJob();
  const seen: number[] = [];
  const made = await measureBackend({ ...common, model, job, onProgress: ({ done }) => seen.push(done) });
  assert.deepEqual([made.status, made.backend, made.threads, made.error], ['agrees', 'wasm', 1, undefined]);
  assert.ok(Number(made.memory) > 1e6);
  assert.ok(Number(made.load) > 0 && Number(made.p50) > 0 && Number(made.p50) <= Number(made.p95));
  assert.equal(made.difference, 0);
  assert.deepEqual(seen, [5, 10, 12]);
});

test('a model that answers otherwise differs, by how far and where', async () => {
  const { model, job } = await makeJob();
  const [{ data, ...rest }] = job.expected;
  const values = new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer);
  const largest = Math.max(...values.map(Math.abs));
  const tampered = values.with(0, values[0] + 0.1 * largest);
  const expected = [{ ...rest, data: Buffer.from(tampered.buffer as ArrayBuffer).toString('base64') }];
  const made = await measureBackend({ ...common, model, job: { ...job, expected } });
  assert.equal(made.status, 'differs');
  const scale = Math.max(...tampered.map(Math.abs));
  assert.ok(Math.abs(Number(made.difference) - (0.1 * largest) / scale) < 1e-5, String(made.difference));
  assert.match(String(made.error), new RegExp(`"${rest.name}" is off by`));
  assert.equal(recommended([made]), undefined);
  const nan = [{ ...rest, data: Buffer.from(values.with(0, Number.NaN).buffer as ArrayBuffer).toString('base64') }];
  const infinite = await measureBackend({ ...common, model, job: { ...job, expected: nan } });
  assert.deepEqual([infinite.status, infinite.difference], ['differs', undefined], 'JSON has no infinity');
});

test('what does not run fails in words, and what is stopped stops', async () => {
  const { model, job } = await makeJob();
  const garbage = await measureBackend({ ...common, model: model.subarray(0, 100), job });
  assert.equal(garbage.status, 'fails');
  assert.ok(garbage.error && garbage.error.length > 10);
  const [{ data, ...rest }] = job.feeds;
  const cut = await measureBackend({ ...common, model, job: { ...job, feeds: [{ ...rest, data: data.slice(0, 8) }] } });
  assert.match(String(cut.error), /do not fill the tensor.*16 bytes, got/);
  const other = await measureBackend({ ...common, model, job: { ...job, expected: [{ ...job.expected[0], name: 'nothing' }] } });
  assert.equal(other.status, 'fails');
  const controller = new AbortController();
  const stopped = measureBackend({ ...common, model, job, signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(stopped, Stopped);
});

test('the quickest backend whose answers agree is recommended', () => {
  const wasm = { backend: 'wasm', threads: 4, p50: 3, p95: 4, status: 'agrees' } as const;
  const wrong = { backend: 'webgpu', threads: 1, p50: 1, p95: 1, status: 'differs' } as const;
  const slow = { ...wasm, threads: 1, p50: 5 };
  assert.equal(recommended([slow, wrong, wasm]), wasm);
  assert.equal(recommended([wrong, { ...wasm, status: 'fails' }]), undefined);
  assert.deepEqual(
    [backendName(wasm), backendName(slow), backendName(wrong)],
    ['WebAssembly, 4 threads', 'WebAssembly, 1 thread', 'WebGPU'],
  );
  assert.deepEqual([measurementText(wasm), measurementText(wrong)], ['3 ms (p95 4 ms)', 'answers wrongly']);
});
