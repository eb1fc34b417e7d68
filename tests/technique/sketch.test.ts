import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel } from 'espalier/onnx';
import { techniques } from 'espalier/strategies';
import { applyTechnique, checkOptions, needs } from 'espalier/technique';
import { train } from 'espalier/training';
import { clusters, plainTask, smallMlp } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Options with which each technique is tried that says how it is sketched. */
const TRIED: Record<string, Record<string, unknown>> = {
  prune: { keep: 0.4, importance: 'taylor', epochs: 2, rounds: 2 },
  sparsify: { sparsity: 0.5, epochs: 1 },
  'low-rank': { keep: 0.9, leastEnergy: 0.2, epochs: 1 },
  'weight-sharing': { bits: 3, tuning: 'distill', epochs: 1 },
  quantize: { mode: 'static' },
  'quantize-aware-train': { epochs: 1, batchSize: 32 },
};

const data = (size: number, seed: number) => clusters({ size, seed, width: 12, classes: 10 });

test('a sketch trains nothing and has about the footprint of the real thing', async () => {
  const task = plainTask({ train: data(120, 1), validation: data(60, 2), calibration: data(60, 3) }, { classes: 10 });
  const training = { epochs: 4, batchSize: 24, learningRate: 0.01, evaluateEvery: 0 };
  const { model } = await train({ model: smallMlp({ width: 12, hidden: 64, classes: 10 }), task, runtime, options: training });
  const context = { model, task, runtime, threads: 1, seed: 1 };
  const sketched = techniques.all().filter(({ sketch }) => sketch);
  assert.deepEqual(sketched.map(({ name }) => name).sort(), Object.keys(TRIED).sort());
  for (const technique of sketched) {
    const options = checkOptions(technique, TRIED[technique.name]);
    const real = await applyTechnique(technique, context, options);
    const quick = await applyTechnique(technique, context, technique.sketch?.(options));
    const [bytes, foreseen] = [real.model, quick.model].map((each) => encodeModel(each).length);
    assert.ok(Math.abs(foreseen / bytes - 1) < 0.06, `${technique.name}: ${foreseen} bytes foreseen, ${bytes} made`);
    assert.equal(quick.notes.training?.length ?? 0, 0, technique.name);
    if (technique.name !== 'quantize') assert.ok((real.notes.training?.length ?? 0) > 0, technique.name);
  }
});

test('what trains and changes the footprint says how it is sketched', () => {
  for (const technique of techniques.all()) {
    if (technique.sketch || !technique.effects.some((effect) => effect !== 'improve')) continue;
    const options = checkOptions(technique, technique.example ?? {});
    assert.equal(needs(technique, 'gradients', options), false, technique.name);
  }
});
