import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { OptionError, Random, Stopped } from 'espalier/base';
import { compareLatency, downloadBytes, measureLatency, startMemoryMeter } from 'espalier/infrastructure/hardware/node';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type Model } from 'espalier/onnx';
import { convolutionModel, heavyModel } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());
const quick = { threads: 1, warmup: 2, runs: 30, minSeconds: 0.02 };

test('latency is a consistent set of numbers', async () => {
  const reports: number[] = [];
  const latency = await measureLatency(runtime, convolutionModel(), {
    ...quick,
    batch: 4,
    blocks: 3,
    onProgress: ({ done, total }) => reports.push(done, total ?? 0),
  });
  const { min, p50, p95, p99, mean } = latency;
  assert.ok(min > 0 && min <= p50 && p50 <= p95 && p95 <= p99 && mean >= min, JSON.stringify(latency));
  assert.ok(latency.runs >= 30 && latency.runs % 3 === 0);
  assert.equal(latency.blocks.length, 3);
  assert.ok(latency.noise >= 0 && latency.load > 0);
  assert.ok(Math.abs(latency.throughput - 4000 / mean) < 1e-9);
  assert.deepEqual([latency.runtime, latency.backend, latency.threads, latency.batch], ['onnxruntime-node', 'cpu', 1, 4]);
  assert.ok(latency.memory.peak >= latency.memory.before && latency.memory.delta === latency.memory.peak - latency.memory.before);
  assert.deepEqual(reports, [1, 3, 2, 3, 3, 3]);
});

test('bytes and given feeds serve as well, and the feeds stay usable', async () => {
  const { makeFeeds } = await import('espalier/infrastructure/hardware');
  const model = convolutionModel();
  const feeds = makeFeeds(model);
  await measureLatency(runtime, encodeModel(model), { ...quick, feeds });
  assert.equal(feeds.x.bytes().byteLength, 768);
});

/** Runs take as long as a model has matrix products, give or take a tenth; the machine is three times as slow in the second half. */
function timedRuntime(): Runtime {
  const random = new Random('times');
  let asked = 0;
  return {
    name: 'timed',
    dispose: async () => undefined,
    compile: async ({ graph }: Model) => {
      const products = graph.nodes.filter(({ op }) => op === 'MatMul').length;
      const once = () => ({ milliseconds: products * (1 + 0.1 * random.uniform()) * (asked++ > 1000 ? 3 : 1) });
      return { dispose: async () => undefined, time: async (_: unknown, runs: number) => Array.from({ length: runs }, once) };
    },
  } as unknown as Runtime;
}

test('side by side, ten times the work is ten times as slow, and a model agrees with itself, on a machine that gets slower', async () => {
  const [one, ten, again] = await compareLatency(timedRuntime(), [heavyModel(2), heavyModel(20), heavyModel(2)], {
    ...quick,
    rounds: 9,
    minSeconds: 3,
  });
  assert.deepEqual([one.ratio, one.interval.low, one.interval.high, one.differs], [1, 1, 1, false]);
  assert.ok(ten.differs && Math.abs(ten.ratio - 10) < 1 && ten.interval.low > 9 && ten.interval.high < 11, JSON.stringify(ten));
  assert.ok(
    Math.abs(again.ratio - 1) < 0.1 && again.interval.low <= again.ratio && again.ratio <= again.interval.high,
    JSON.stringify(again),
  );
});

test('real models side by side: each has its time, the first the ratio 1', async () => {
  const found = await compareLatency(runtime, [heavyModel(2), heavyModel(20)], { ...quick, rounds: 6 });
  assert.deepEqual([found[0].ratio, found[1].index], [1, 1]);
  for (const { p50, ratio, runs } of found) assert.ok(p50 > 0 && ratio > 0 && runs >= 30);
});

test('bad options are refused, an abort stops', async () => {
  const model = convolutionModel();
  for (const bad of [{ runs: 0 }, { threads: 0.5 }, { minSeconds: -1 }, { blocks: 0 }, { batch: -1 }, { warmup: Number.NaN }]) {
    await assert.rejects(measureLatency(runtime, model, bad), OptionError, JSON.stringify(bad));
  }
  await assert.rejects(compareLatency(runtime, [model]), OptionError);
  await assert.rejects(compareLatency(runtime, [model, model], { rounds: 2 }), OptionError);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 150);
  await assert.rejects(measureLatency(runtime, heavyModel(50), { ...quick, minSeconds: 60, signal: controller.signal }), Stopped);
});

test('a download is what Brotli makes of the file', async () => {
  const file = new Uint8Array(3_000_000);
  file.set(randomBytes(1_500_000), 700_000);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 9,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: file.byteLength,
  };
  const done: number[] = [];
  const bytes = await downloadBytes(file, { onProgress: (event) => done.push(event.done) });
  assert.ok(Math.abs(bytes - brotliCompressSync(file, { params }).byteLength) < 100);
  assert.equal(done.at(-1), file.byteLength);
  assert.ok(done.length >= 3);
  assert.ok((await downloadBytes(new Uint8Array(0))) <= 2);
  await assert.rejects(downloadBytes(file, { signal: AbortSignal.abort() }), Stopped);
  await assert.rejects(downloadBytes(file, { quality: 12 }), OptionError);
});

test('the memory meter sees 64 MB that were touched', () => {
  const read = startMemoryMeter();
  const block = new Uint8Array(64 * 2 ** 20).fill(1);
  const { delta, before } = read();
  assert.equal(block[5], 1);
  assert.ok(before > 1e7 && delta > 32 * 2 ** 20, String(delta));
});
