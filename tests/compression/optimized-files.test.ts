import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pruneModel } from 'espalier/compression/pruning';
import { quantizeDynamic, quantizeWeights } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, encodeModel, type Model } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { unfuse } from 'espalier/ops';
import { buildTrainingStep, followReference } from 'espalier/training';
import { fixture } from '../support/paths.js';
import { noiseOf, taskOf } from './quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Models before and after ONNX Runtime's optimizer wrote them out; see the script beside them. */
const files = { cnn: [3, 10, 10], transformer: [6, 16] } as const;
const load = (name: string, form: 'float' | 'extended') => loadModel(fixture('optimized', `${name}.${form}.onnx`));
const fused = ({ graph }: Model) => graph.nodes.filter(({ domain }) => domain !== '').map(({ op }) => op);

for (const [name, shape] of Object.entries(files)) {
  test(`${name}: what was fused is written out, and computes the same`, async () => {
    const source = load(name, 'extended');
    const before = encodeModel(source);
    assert.ok(fused(source).length >= 5);
    const plain = unfuse(source);
    assert.deepEqual(fused(plain), []);
    assert.ok(!plain.opsets.has('com.microsoft'));
    checkLinks(plain.graph);
    const noise = await noiseOf(plain, taskOf(load(name, 'float'), shape), runtime, 'test');
    assert.ok(noise < 1e-9, `1 - R² is ${noise}`);
    assert.deepEqual(encodeModel(source), before, 'the source was changed');
  });

  test(`${name}: as many layers are quantized as in the model before the optimizer`, async () => {
    const [source, original] = [load(name, 'extended'), load(name, 'float')];
    for (const [quantize, most] of [
      [quantizeWeights, 0.005],
      [quantizeDynamic, 0.02],
    ] as const) {
      const [{ model, plan }, expected] = [await quantize(source, runtime), await quantize(original, runtime)];
      assert.equal(plan.stored.length, expected.plan.stored.length);
      const noise = await noiseOf(model, taskOf(original, shape), runtime, 'test');
      assert.ok(noise < most, `1 - R² is ${noise}`);
    }
  });

  test(`${name}: every weight is trained that is in the model before the optimizer`, () => {
    const step = (model: Model) =>
      buildTrainingStep(model, {
        batchSize: 2,
        inputShapes: { x: [2, ...shape] },
        loss: followReference(['y'], model),
        optimizer: { kind: 'sgd' },
      }).parameters.length;
    assert.equal(step(load(name, 'extended')), step(load(name, 'float')));
  });

  test(`${name}: as many channels can be pruned as in the model before the optimizer`, async () => {
    const options = { keep: 0.7, minChannels: 1, multipleOf: 1 };
    const [pruned, expected] = [await pruneModel(load(name, 'extended'), options), await pruneModel(load(name, 'float'), options)];
    const kept = ({ layers }: typeof pruned) => layers.map(({ before, after }) => `${before} -> ${after}`).sort();
    assert.deepEqual(kept(pruned), kept(expected));
    const program = await runtime.compile(pruned.model, { threads: 1 });
    await program.dispose();
  });
}
