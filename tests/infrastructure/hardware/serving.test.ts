import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from 'espalier/base';
import { measureServing } from 'espalier/infrastructure/hardware/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
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
    for (const { concurrent, throughput, p50, p95, joules = 0, costPerMillion = 0 } of served) {
      assert.ok(p50 > 0 && p95 >= p50);
      // No request is answered in less time than the runtime takes, and no more of them run than there are programs.
      assert.ok(throughput > 0 && throughput < (1.5 * concurrent * 1000) / p50, `${throughput} a second, ${p50} ms`);
      assert.ok(Math.abs((joules * throughput) / 30 - 1) < 1e-9);
      assert.ok(Math.abs((costPerMillion * throughput) / 100 - 1) < 1e-9);
    }
    await assert.rejects(measureServing(runtime, heavyModel(1), { concurrent: [0] }), OptionError);
  } finally {
    await runtime.dispose();
  }
});
