import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type HostServices, type OptimizeRequest, optimize, type RunInfo, shrinkAndImprove, techniques } from 'espalier/strategies';
import { nodeHost, openWorkspace } from 'espalier/strategies/node';
import { train } from 'espalier/training';
import { digitsTask } from './small-run.js';

/** The parts that every run of this file has. */
async function trainedDigits(t: TestContext) {
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
  return { folder, runtime, task, model };
}

test('latency as an objective and as a limit: the baseline is timed too; the file of the original is written again where it is gone', async (t) => {
  const { folder, runtime, task, model } = await trainedDigits(t);
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
  const written = readFileSync(join(folder, baseline.file));
  rmSync(join(folder, baseline.file));
  await run({ trials: 1 });
  assert.deepEqual(readFileSync(join(folder, baseline.file)), written);
});

test('in the search latency is the ratio to the baseline times its own; timed alone at the end, a model may leave the front', async (t) => {
  const { folder, runtime, task, model } = await trainedDigits(t);
  const timed = { p95: 1, p99: 1, batch: 1, threads: 1, backend: 'cpu', throughput: 1 };
  const calls = new Map<string, number>();
  const host: HostServices = {
    ...nodeHost(runtime, folder),
    check: async () => [],
    // On the busy machine of the search everything takes ten times as long, and the models half of the baseline, those of int8 less; alone, these take longer.
    latency: async (file, baseline) => {
      if (!baseline) return { ...timed, p50: 2 };
      const key = String(file.source);
      const call = (calls.get(key) ?? 0) + 1;
      calls.set(key, call);
      const slow = file.graph.nodes.some((node) => node.op === 'DynamicQuantizeLinear');
      return call === 1
        ? { ...timed, p50: 10, ratioToBaseline: slow ? 0.4 : 0.5 }
        : { ...timed, p50: slow ? 3 : 1, ratioToBaseline: slow ? 1.5 : 0.5 };
    },
  };
  const workspace = await openWorkspace(folder);
  t.after(() => workspace.close());
  const { models } = await optimize({
    name: 'timed',
    original: model,
    task,
    strategy: shrinkAndImprove,
    registry: techniques,
    runtime,
    workspace,
    host,
    options: { trials: 8, epochs: 1, seed: 1, objectives: ['latency'], limits: { maxLatency: 1.5 } },
  });
  // In the search they are the fastest, and so on its front; timed alone they are too slow.
  const slow = models.filter(({ footprint }) => footprint.latency?.p50 === 3);
  assert.ok(slow.length > 0, 'some were on the front of the search and then timed alone');
  for (const { label, onFront, breaks } of slow) assert.deepEqual([onFront, breaks], [false, ['maxLatency']], label);
  const front = models.filter(({ onFront }) => onFront);
  assert.ok(front.length > 0);
  for (const each of front) assert.ok(each.footprint.latency?.p50 === 1 && each.test, each.label);
});
