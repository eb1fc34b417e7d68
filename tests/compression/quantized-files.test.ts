import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pruneModel } from 'espalier/compression/pruning';
import { quantizeDynamic, quantizeStatic, quantizeWeights } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, encodeModel, type Model, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { dequantize, isQuantized } from 'espalier/ops';
import { train } from 'espalier/training';
import { fixture } from '../support/paths.js';
import { madeModel, noiseOf, taskOf } from './quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const shape = [3, 10, 10];
const load = (form: string) => loadModel(fixture('optimized', `cnn.${form}.onnx`));
const original = load('float');
const task = taskOf(original, shape);

/** The same network, quantized in every way. */
const forms: Record<string, () => Promise<Model>> = {
  "operators on integers, by ONNX Runtime's quantizer": async () => load('qoperator'),
  'QuantizeLinear and DequantizeLinear': async () => (await quantizeStatic(original, task, runtime)).model,
  'ranges as values come': async () => (await quantizeDynamic(original, runtime)).model,
  'weights only': async () => (await quantizeWeights(original, runtime)).model,
};

for (const [name, make] of Object.entries(forms)) {
  test(`${name}: floats again, as good as the quantized model`, async () => {
    const source = await make();
    const before = encodeModel(source);
    assert.ok(isQuantized(source) && !isQuantized(original));
    const floats = dequantize(source);
    assert.ok(!isQuantized(floats));
    checkLinks(floats.graph);
    assert.ok([...floats.graph.initializers].every(({ dtype }) => dtype !== 'int8' && dtype !== 'uint8'));
    const [noise, quantized] = [await noiseOf(floats, task, runtime, 'test'), await noiseOf(source, task, runtime, 'test')];
    assert.ok(noise <= quantized * 1.1 && noise < 0.05, `1 - R² is ${noise}, of the quantized model ${quantized}`);
    assert.deepEqual(encodeModel(source), before, 'the source was changed');
  });

  test(`${name}: quantized again, pruned and trained`, async () => {
    const source = await make();
    const again = (await quantizeStatic(source, task, runtime)).model;
    const noise = await noiseOf(again, task, runtime, 'test');
    assert.ok(noise < 0.1, `1 - R² is ${noise}`);
    const pruned = await pruneModel(source, { keep: 0.7, minChannels: 1, multipleOf: 1 });
    assert.ok(pruned.layers.length >= 6);
    const said: string[] = [];
    const options = { epochs: 1, batchSize: 16, evaluateEvery: 0, learningRate: 1e-4 };
    const tuned = await train({ model: source, task, runtime, options, onMessage: ({ text }) => said.push(text) });
    assert.ok(!isQuantized(tuned.model) && tuned.parameters.length >= 12, `${tuned.parameters.length} weights`);
    assert.ok(said.some((text) => /was in integers/.test(text)));
  });
}

test('an output that callers get in integers stays in integers', async () => {
  const whole = madeModel([6], (build, x, weights) => {
    const [scale, zero] = [build.scalar(0.05), build.scalar(128, 'uint8')];
    const weight = build.op('DequantizeLinear', [
      build.constant(
        Tensor.from(
          'int8',
          [6, 4],
          weights([6, 4], 40)
            .initializer!.numbers()
            .map(Math.round)
            .map((q) => Math.max(-127, Math.min(127, q))),
        ),
      ),
      build.scalar(0.01),
    ]);
    return build.op('QuantizeLinear', [build.op('MatMul', [x, weight]), scale, zero]);
  });
  const floats = dequantize(whole);
  assert.equal(floats.graph.outputs[0].name, whole.graph.outputs[0].name);
  assert.equal(floats.graph.outputs[0].dtype, 'uint8');
  const program = await runtime.compile(floats, { threads: 1 });
  await program.dispose();
});
