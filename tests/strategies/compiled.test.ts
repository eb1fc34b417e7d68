import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { surveyCnn } from 'espalier/architectures';
import { forgetShapes } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';

import { inferShapes } from 'espalier/ops';
import { optimize, shrinkAndImprove, techniques } from 'espalier/strategies';
import { nodeHost, openWorkspace } from 'espalier/strategies/node';
import { targetNamed } from 'espalier/targets/node';
import { train } from 'espalier/training';
import { digitsTask } from './small-run.js';

test('the front of a model with a fixed batch is written as code, which is run beside each model, within the limits', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-compiled-'));
  const runtime = createNodeRuntime({ threads: 1 });
  const { task, close } = await digitsTask(runtime);
  const workspace = await openWorkspace(folder);
  t.after(async () => {
    await workspace.close();
    await runtime.dispose();
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  const fresh = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.1 });
  const { model } = await train({ model: fresh, task, runtime, options: { epochs: 3, batchSize: 32, learningRate: 0.003 } });
  const [[input], [output]] = [model.graph.inputs, model.graph.outputs];
  input.type = { kind: 'tensor', dtype: 'float32', shape: [4, 1, 8, 8] };
  forgetShapes(model.graph);
  output.type = { kind: 'tensor', dtype: 'float32' };
  inferShapes(model);

  const { baseline, models } = await optimize({
    name: 'compiled',
    original: model,
    task,
    strategy: shrinkAndImprove,
    registry: techniques,
    runtime,
    workspace,
    host: nodeHost(runtime, folder, { threads: 1, checked: [], also: [targetNamed('wasm')] }),
    options: { epochs: 1, seed: 1, trials: 2, threads: 1, target: 'wasm', limits: { maxRam: 2 ** 20 } },
  });
  const front = models.filter(({ onFront }) => onFront);
  assert.ok(front.length > 0);
  for (const { footprint, checks, label } of front) {
    assert.deepEqual(
      checks?.map(({ runtime: name, status }) => [name, status]),
      [
        ['onnxruntime-node', 'agrees'],
        [targetNamed('wasm').title, 'agrees'],
      ],
      label,
    );
    const { files = [], ram = Number.NaN } = footprint.compiled ?? {};
    assert.deepEqual(
      files.map((file) => existsSync(join(folder, file))),
      [true, true, true],
      label,
    );
    const { load } = await import(pathToFileURL(join(folder, files.find((file) => file.endsWith('.js')) ?? '')).href);
    assert.equal((await load()).run({ [input.name]: new Float32Array(4 * 64) })[output.name].length, 4 * 10, label);
    assert.ok(ram <= 2 ** 20, `${label}: ${ram} bytes`);
    assert.ok((baseline.footprint.compiled?.ram ?? 0) > 0);
  }
});
