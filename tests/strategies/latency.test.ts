import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { EspalierError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type OptimizeRequest, optimize, type RunInfo, shrinkAndImprove, techniques } from 'espalier/strategies';
import { nodeHost, openWorkspace } from 'espalier/strategies/node';
import { train } from 'espalier/training';
import { digitsTask } from './small-run.js';

test('latency as an objective and as a limit: the baseline is timed too; a model whose file is gone is not taken for another', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-latency-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const runtime = createNodeRuntime({ threads: 1 });
  const { task, close } = await digitsTask(runtime);
  t.after(async () => {
    await runtime.dispose();
    await close();
  });
  const fresh = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.1 });
  const { model } = await train({ model: fresh, task, runtime, options: { epochs: 3, batchSize: 32, learningRate: 0.003 } });
  const run = async (options: OptimizeRequest['options']): Promise<RunInfo> => {
    const workspace = await openWorkspace(folder);
    const host = nodeHost(runtime, folder, { threads: 1 });
    const fixed = { name: 'timed', original: model, task, strategy: shrinkAndImprove, registry: techniques, runtime, workspace, host };
    try {
      return await optimize({
        ...fixed,
        options: { epochs: 1, seed: 1, objectives: ['latency'], limits: { maxLatency: 1000 }, ...options },
      });
    } finally {
      await workspace.close();
    }
  };
  const { baseline, models, objectives } = await run({ trials: 1 });
  assert.deepEqual(objectives, ['quality', 'latency']);
  for (const each of [baseline, ...models]) assert.ok((each.footprint.latency?.p50 ?? 0) > 0, each.label);
  rmSync(join(folder, baseline.file));
  await assert.rejects(run({ trials: 1 }), (error: Error) => error instanceof EspalierError && /original\.onnx/.test(error.message));
});
