import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OptionError, RuntimeError, Stopped } from 'espalier/base';
import { makeFeeds, requestCounts, withRates } from 'espalier/infrastructure/hardware';
import { measureServing, measureServingApart } from 'espalier/infrastructure/hardware/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { saveModel } from 'espalier/onnx/node';
import { heavyModel } from '../models.js';

test('requests side by side: throughput, and what follows from it', async () => {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const served = await measureServing(runtime, heavyModel(2), {
      ...{ concurrent: [1, 2], runs: 8, minSeconds: 0, warmup: 1, watts: 30, pricePerHour: 0.36 },
    });
    assert.deepEqual(
      served.map(({ concurrent }) => concurrent),
      [1, 2],
    );
    for (const { concurrent, throughput, p50, p95, joules = 0, kilowattHoursPerMillion = 0, costPerMillion = 0 } of served) {
      assert.ok(p50 > 0 && p95 >= p50);
      // No more requests run than there are programs, and a median is at most twice the mean.
      assert.ok(throughput > 0 && throughput < (2.01 * concurrent * 1000) / p50, `${throughput} a second, ${p50} ms`);
      assert.ok(Math.abs((joules * throughput) / 30 - 1) < 1e-9);
      assert.ok(Math.abs((3.6 * kilowattHoursPerMillion) / joules - 1) < 1e-9);
      assert.ok(Math.abs((costPerMillion * throughput) / 100 - 1) < 1e-9);
    }
    await assert.rejects(measureServing(runtime, heavyModel(1), { concurrent: [0] }), OptionError);
  } finally {
    await runtime.dispose();
  }
});

test('energy and cost of a million follow from watts and price; energy that is known stays', () => {
  const served = { concurrent: 1, throughput: 100, p50: 10, p95: 10, memory: 0 };
  const { joules, kilowattHoursPerMillion, costPerMillion } = withRates(served, { watts: 36, pricePerHour: 0.72 });
  // 10,000 seconds at 36 W are 0.1 kWh; at 0.72 an hour they cost 2.
  assert.equal(joules, 0.36);
  assert.ok(Math.abs((kilowattHoursPerMillion ?? 0) - 0.1) < 1e-12 && Math.abs((costPerMillion ?? 0) - 2) < 1e-12);
  assert.equal(withRates({ ...served, joules: 1 }, { watts: 36 }).joules, 1);
  assert.deepEqual(withRates(served, {}), served);
});

test('requests at a time go up to all cores, and no further than 256', () => {
  assert.deepEqual([1, 2, 6, 8].map(requestCounts), [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]);
  assert.deepEqual(requestCounts(1000).slice(-2), [128, 256]);
});

test('a process of its own serves a file: memory is what that takes, faults come back, and it can be stopped', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-serving-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'model.onnx');
  const model = heavyModel(1);
  await saveModel(model, path);
  const runtime = createNodeRuntime({ threads: 1 });
  t.after(() => runtime.dispose());
  const request = { feeds: makeFeeds(model), runtime, options: { concurrent: [2, 1], runs: 2, warmup: 1, minSeconds: 0 } };
  const served = await measureServingApart(path, request);
  assert.deepEqual(
    served.map(({ concurrent }) => concurrent),
    [1, 2],
  );
  // The runtime's own library alone takes megabytes.
  for (const { memory } of served) assert.ok(memory > 1e6);
  await assert.rejects(measureServingApart(join(folder, 'none.onnx'), request), RuntimeError);
  await assert.rejects(measureServingApart(path, { ...request, signal: AbortSignal.abort() }), Stopped);
  const stop = new AbortController();
  const long = measureServingApart(path, { ...request, signal: stop.signal, options: { ...request.options, minSeconds: 3000 } });
  stop.abort();
  await assert.rejects(long, Stopped);
});
