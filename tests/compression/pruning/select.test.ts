import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architecturesFor, resnet8 } from 'espalier/architectures';
import { OptionError, UnsupportedError } from 'espalier/base';
import { pruneModel } from 'espalier/compression/pruning';
import { footprint } from 'espalier/infrastructure/hardware';
import { encodeModel, Tensor } from 'espalier/onnx';
import { modelOf } from './graphs.js';
import { noise, run } from './removal.js';

const resnet = () => resnet8.build({ input: [3, 16, 16], classes: 10, seed: 1 });

for (const architecture of architecturesFor('image')) {
  for (const keep of [0.8, 0.5, 0.3]) {
    test(`${architecture.name} comes down to ${keep} of its multiply-accumulates, within 2%`, async () => {
      const model = architecture.build({ input: [3, 16, 16], classes: 10, seed: 1 });
      const pruned = await pruneModel(model, { keep });
      const ratio = footprint(pruned.model).macs / footprint(model).macs;
      assert.ok(Math.abs(ratio - keep) <= 0.02, String(ratio));
      assert.equal(pruned.after, footprint(pruned.model).macs);
    });
  }
}

test('parameters and bytes are targets as well', async () => {
  const model = resnet();
  const before = footprint(model);
  const byParameters = footprint((await pruneModel(model, { keep: 0.5, of: 'parameters' })).model);
  assert.ok(Math.abs(byParameters.parameters / before.parameters - 0.5) <= 0.02);
  const byBytes = footprint((await pruneModel(model, { keep: 0.4, of: 'bytes' })).model);
  assert.ok(Math.abs(byBytes.weightBytes / before.weightBytes - 0.4) <= 0.02);
});

test('inputs, outputs and the original stay as they are; the result runs', async () => {
  const model = resnet();
  const bytes = encodeModel(model);
  const { model: small } = await pruneModel(model, { keep: 0.6 });
  assert.deepEqual(encodeModel(model), bytes);
  const faces = ({ graph }: typeof model) => [...graph.inputs, ...graph.outputs].map(({ name, shape }) => `${name} [${shape}]`);
  assert.deepEqual(faces(small), faces(model));
  assert.equal(small.opset, model.opset);
  const outputs = await run(small, noise(small));
  assert.deepEqual(outputs.scores.shape, [2, 10]);
});

test('the same model and options give the same bytes', async () => {
  const [a, b] = [await pruneModel(resnet(), { keep: 0.5 }), await pruneModel(resnet(), { keep: 0.5 })];
  assert.deepEqual(encodeModel(a.model), encodeModel(b.model));
});

test('limits hold: no layer is narrower than they allow, and widths are multiples', async () => {
  const { layers } = await pruneModel(resnet(), { keep: 0.35, maxLayerFraction: 0.75, minChannels: 6, multipleOf: 8 });
  for (const { before, after } of layers) {
    assert.ok(after >= 0.25 * before && after >= 6, `${after} of ${before}`);
    assert.equal(after % 8, 0);
  }
});

test('limits that do not let the target be reached are kept to', async () => {
  const { after, before } = await pruneModel(resnet(), { keep: 0.1, maxLayerFraction: 0.25 });
  assert.ok(after / before > 0.5);
});

test('channels whose weights are small go first', async () => {
  const model = modelOf([3, 8, 8], (l, x) => l.head(l.relu(l.conv(x, 8, { bias: false, name: 'kernel' }))));
  const kernel = [...model.graph.initializers].find(({ name }) => name === 'kernel1');
  assert.ok(kernel?.initializer);
  const small = [1, 4, 6];
  const numbers = kernel.initializer.numbers().map((number, i) => (small.includes(Math.floor(i / 27)) ? number / 100 : number));
  kernel.initializer = Tensor.from('float32', [8, 3, 3, 3], numbers);
  const pruned = await pruneModel(model, { keep: 5 / 8 });
  const left = [...pruned.model.graph.initializers].find(({ name }) => name === 'kernel1')?.initializer;
  const kept = numbers.filter((_, i) => !small.includes(Math.floor(i / 27)));
  assert.deepEqual(left?.toFloat32(), Float32Array.from(kept));
});

test('a normalization that scales a channel away makes it unimportant', async () => {
  const model = modelOf([3, 8, 8], (l, x) => l.head(l.relu(l.norm(l.conv(x, 8, { bias: false })))));
  const scale = [...model.graph.initializers].find(({ name }) => name.startsWith('s'));
  assert.ok(scale);
  const scales = Array.from({ length: 8 }, (_, i) => (i === 5 ? 1e-4 : 1));
  scale.initializer = Tensor.from('float32', [8], scales);
  const pruned = await pruneModel(model, { keep: 7 / 8 });
  const left = [...pruned.model.graph.initializers].find(({ name }) => name === scale.name)?.initializer;
  assert.deepEqual(left?.numbers(), Float64Array.from(new Array(7).fill(1)));
});

test('a model in which nothing may go is refused with the reason', async () => {
  const model = modelOf([3, 8, 8], (l, x) => l.conv(x, 2));
  await assert.rejects(
    pruneModel(model, { keep: 0.5 }),
    (error: Error) => error instanceof UnsupportedError && /inputs or outputs/.test(error.message),
  );
  await assert.rejects(pruneModel(resnet(), { keep: 1.5 }), OptionError);
});
