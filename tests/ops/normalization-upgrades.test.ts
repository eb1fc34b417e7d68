import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, sizeOf } from 'espalier/base';
import { type AttributeLike, encodeModel, Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { upgradeOpset } from 'espalier/ops';
import * as ort from 'onnxruntime-node';

interface Old {
  op: string;
  opset: number;
  /** Shapes of the inputs. */
  inputs: readonly (readonly number[])[];
  attributes: Readonly<Record<string, AttributeLike>>;
  outputs?: number;
}

/** Runs an operator in its old form and upgraded to opset 22, on the same numbers, and compares every output. */
async function survives({ op, opset, inputs, attributes, outputs = 1 }: Old): Promise<Model> {
  const build = new GraphBuilder(new Graph());
  const values = inputs.map((shape, i) => build.input(`x${i}`, 'float32', shape));
  for (const value of build.node(op, values, attributes, { outputs: Array.from({ length: outputs }, (_, i) => `y${i}`) })) {
    value.type = { kind: 'tensor', dtype: 'float32' };
    build.output(value);
  }
  const old = new Model(build.graph, opset);
  old.irVersion = 4;
  const upgraded = upgradeOpset(old, 22);
  assert.equal(upgraded.opset, 22);
  const random = new Random(3);
  const feeds = Object.fromEntries(inputs.map((shape, i) => [`x${i}`, noise(shape, random)]));
  const [before, after] = [await run(old, feeds), await run(upgraded, feeds)];
  assert.deepEqual(Object.keys(after), Object.keys(before));
  for (const [name, tensor] of Object.entries(before)) {
    assert.deepEqual(after[name].dims, tensor.dims);
    assert.equal(after[name].type, tensor.type);
    const [a, b] = [after[name].data as Float32Array, tensor.data as Float32Array];
    b.forEach((number, i) => {
      assert.ok(Math.abs(a[i] - number) < 1e-5, `${op}: ${name}[${i}] is ${a[i]}, was ${number}`);
    });
  }
  return upgraded;
}

function noise(shape: readonly number[], random: Random): Tensor {
  return Tensor.from(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, () => 0.2 + random.uniform()),
  );
}

async function run(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, ort.Tensor>>> {
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 4 });
  const given = Object.entries(feeds).map(([name, tensor]) => [name, new ort.Tensor('float32', tensor.toFloat32().slice(), tensor.shape)]);
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return results;
}

test('BatchNormalization with statistics of single activations becomes arithmetic', async () => {
  const attributes = { spatial: 0, epsilon: 0.01 };
  const model = await survives({
    op: 'BatchNormalization',
    opset: 7,
    inputs: [
      [2, 3, 4],
      [3, 4],
      [3, 4],
      [3, 4],
      [3, 4],
    ],
    attributes,
  });
  assert.ok(!model.graph.nodes.some((node) => node.op === 'BatchNormalization'));
});

test('BatchNormalization of opset 7 keeps its inference form', async () => {
  const model = await survives({
    op: 'BatchNormalization',
    opset: 7,
    inputs: [[2, 3, 4], [3], [3], [3], [3]],
    attributes: { momentum: 0.8 },
  });
  assert.equal(model.graph.nodes[0].int('training_mode', 0), 0);
});

test('GroupNormalization: scale and bias of groups become those of channels', async () => {
  await survives({ op: 'GroupNormalization', opset: 18, inputs: [[2, 6, 4], [3], [3]], attributes: { num_groups: 3 } });
});

test('Dropout: the ratio becomes an input, a mask of floats one of booleans', async () => {
  const model = await survives({ op: 'Dropout', opset: 7, inputs: [[2, 3]], attributes: { ratio: { type: 'float', value: 0.3 } } });
  assert.ok(Math.abs((model.graph.nodes[0].inputs[1]?.constant?.numbers()[0] ?? 0) - 0.3) < 1e-6);
  const masked = new GraphBuilder(new Graph());
  const [y, mask] = masked.node('Dropout', [masked.input('x', 'float32', [2])], { ratio: { type: 'float', value: 0.3 } }, { outputs: 2 });
  y.type = mask.type = { kind: 'tensor', dtype: 'float32', shape: [2] };
  masked.output(y);
  masked.output(mask, 'mask');
  const upgraded = upgradeOpset(new Model(masked.graph, 7), 22);
  const results = await run(upgraded, { x: Tensor.from('float32', [2], [1, 2]) });
  assert.deepEqual(Array.from(results.mask.data as Float32Array), [1, 1]);
});

test('LpPool and GlobalLpPool: a norm of whole order', async () => {
  for (const op of ['LpPool', 'GlobalLpPool']) {
    const build = new GraphBuilder(new Graph());
    const kernel = op === 'LpPool' ? { kernel_shape: [2] } : {};
    build.output(build.op(op, [build.input('x', 'float32', [1, 1, 4])], { ...kernel, p: { type: 'float', value: 1 } }), 'y');
    // ONNX Runtime has no GlobalLpPool of opset 22.
    const upgraded = upgradeOpset(new Model(build.graph, 1), 21);
    const results = await run(upgraded, { x: Tensor.from('float32', [1, 1, 4], [1, -2, 3, -4]) });
    assert.deepEqual(Array.from(results.y.data as Float32Array), op === 'LpPool' ? [3, 5, 7] : [10]);
  }
});
