import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { loadModel } from 'espalier/onnx/node';
import { optimize, parseRunInfo, type RunInfo, shrinkAndImprove, techniques } from 'espalier/strategies';
import { nodeHost, openWorkspace } from 'espalier/strategies/node';
import { digitsTask, QUICK_HOST, trainStart } from './small-run.js';

test('the front is served, energy and cost follow rates that another run may change, and trainings have an energy', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-serving-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const runtime = createNodeRuntime({ threads: 1 });
  t.after(() => runtime.dispose());
  const { task, close } = await digitsTask(runtime);
  t.after(close);
  const start = await trainStart(folder);
  const counted: number[][] = [];
  const host = {
    ...QUICK_HOST,
    serving: async (...[file, model, feeds, concurrent = []]: Parameters<typeof QUICK_HOST.serving>) => {
      counted.push([...concurrent]);
      return nodeHost(runtime, join(folder, 'run')).serving(file, model, feeds, concurrent);
    },
  };
  const run = async (options: object, into = 'run') => {
    const workspace = await openWorkspace(join(folder, into));
    try {
      return await optimize({
        ...{ name: 'served', original: loadModel(start), task, strategy: shrinkAndImprove, registry: techniques, runtime, workspace, host },
        options: { trials: 3, epochs: 1, seed: 7, ...options },
      });
    } finally {
      await workspace.close();
    }
  };

  const first = await run({ serving: [1, 2], watts: 30, pricePerHour: 0.36 });
  const front = [first.baseline, ...first.models.filter(({ onFront }) => onFront)];
  assert.equal(counted.length, front.length);
  for (const { footprint: found, label } of front) {
    const { serving = [] } = found;
    assert.deepEqual(
      serving.map(({ concurrent, estimatedFor }) => [concurrent, estimatedFor]),
      [
        [1, undefined],
        [2, undefined],
      ],
      label,
    );
    for (const { throughput, joules = 0, kilowattHoursPerMillion = 0, costPerMillion = 0 } of serving) {
      assert.ok(throughput > 0 && Math.abs((joules * throughput) / 30 - 1) < 1e-9);
      assert.ok(Math.abs((kilowattHoursPerMillion * 3.6) / joules - 1) < 1e-9);
      assert.ok(Math.abs((costPerMillion * throughput) / 100 - 1) < 1e-9);
    }
  }
  assert.ok(first.models.every(({ onFront, footprint: { serving } }) => onFront || serving === undefined));

  const written = parseRunInfo(JSON.parse(readFileSync(join(folder, 'run', 'front.json'), 'utf8')), 'front.json');
  assert.deepEqual(written.baseline.footprint.serving, first.baseline.footprint.serving);
  const best = front[1];
  const card = JSON.parse(readFileSync(join(folder, 'run', best.card ?? ''), 'utf8'));
  assert.deepEqual(card.footprint.after.serving, best.footprint.serving);
  assert.deepEqual(card.footprint.before.serving, first.baseline.footprint.serving);

  // What was measured stays; what follows from it does not.
  const again = await run({ serving: [1, 2], pricePerHour: 0.72 });
  assert.equal(counted.length, front.length);
  for (const [index, { costPerMillion = 0, throughput, joules }] of (again.baseline.footprint.serving ?? []).entries()) {
    const before = first.baseline.footprint.serving?.[index];
    assert.deepEqual([throughput, joules], [before?.throughput, undefined]);
    assert.ok(Math.abs(costPerMillion / (before?.costPerMillion ?? 0) - 2) < 1e-9);
  }
  assert.equal((await run({ serving: [] })).baseline.footprint.serving, undefined);

  energyOfTrainings(first);
  const joules = first.training?.runJoules ?? 0;
  assert.ok(Math.abs(joules / (30 * first.seconds) - 1) < 1e-9);
  assert.equal(again.training?.runJoules, undefined);
});

/** The sum over stages is no less than what any model took, and an epoch takes more than its samples' inference. */
function energyOfTrainings({ training, models, baseline, task }: RunInfo): void {
  const { epochs = 0, microjoules = 0 } = training ?? {};
  const trained = models.filter(({ footprint: { trainingMicrojoules } }) => trainingMicrojoules !== undefined);
  assert.ok(trained.length > 0 && epochs > 0);
  assert.ok(Math.max(...trained.map(({ footprint: each }) => each.trainingMicrojoules ?? 0)) <= microjoules);
  assert.equal(baseline.footprint.trainingMicrojoules, undefined);
  for (const { notes, footprint: each, label } of trained) {
    const passes = (notes.training?.length ?? 0) * task.samples.train;
    if (passes > 0 && each.macs) assert.ok((each.trainingMicrojoules ?? 0) > (passes * each.macs * 3 * 0.3) / 1e6, label);
  }
}
