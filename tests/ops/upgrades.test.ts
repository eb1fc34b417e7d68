import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from 'espalier/base';
import { type AttributeLike, encodeModel, floatAttribute, type GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { upgradeOpset } from 'espalier/ops';
import * as ort from 'onnxruntime-node';
import { builder } from './onnxruntime.js';

type Feeds = Readonly<Record<string, readonly number[]>>;
type Write = (build: GraphBuilder, inputs: readonly Value[]) => Value[];
type Numbers = { shape: readonly number[]; data: number[] };

/** Model of one old operator, with inputs a, b … of the given shapes. */
function modelOf(opset: number, feeds: Feeds, write: Write): Model {
  const build = builder(opset);
  const inputs = Object.entries(feeds).map(([name, shape]) => build.input(name, 'float32', shape));
  for (const [index, value] of write(build, inputs).entries()) build.output(value, `y${index}`);
  const model = new Model(build.graph, opset);
  model.irVersion = 7;
  return model;
}

async function run(model: Model, values: Readonly<Record<string, Tensor>>): Promise<Numbers[]> {
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const feeds = Object.fromEntries(
    Object.entries(values).map(([name, tensor]) => [name, new ort.Tensor('float32', tensor.toFloat32(), tensor.shape)]),
  );
  const results = await session.run(feeds);
  await session.release();
  return session.outputNames.map((name) => ({ shape: results[name].dims, data: Array.from(results[name].data as Float32Array, Number) }));
}

function randomValues(feeds: Feeds): Record<string, Tensor> {
  const random = new Random(7);
  return Object.fromEntries(
    Object.entries(feeds).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        Tensor.from(
          'float32',
          shape,
          Array.from({ length: size }, () => random.normal()),
        ),
      ];
    }),
  );
}

/** The old form and the new give the same numbers in ONNX Runtime. */
async function agrees(opset: number, feeds: Feeds, write: Write, target = 21): Promise<Model> {
  const old = modelOf(opset, feeds, write);
  const upgraded = upgradeOpset(old, target);
  assert.equal(upgraded.opset, target);
  const values = randomValues(feeds);
  const [before, after] = [await run(old, values), await run(upgraded, values)];
  for (const [output, { shape, data }] of after.entries()) {
    assert.deepEqual(shape, before[output].shape);
    for (const [index, value] of data.entries()) {
      assert.ok(Math.abs(value - before[output].data[index]) <= 1e-6, `${value} is not ${before[output].data[index]}`);
    }
  }
  return upgraded;
}

const one =
  (op: string, attributes: Record<string, AttributeLike> = {}): Write =>
  (build, inputs) => [build.op(op, inputs, attributes)];

test('Clip: bounds become inputs', async () => {
  await agrees(7, { a: [3, 4] }, one('Clip', { min: floatAttribute(-0.5), max: floatAttribute(0.25) }));
  await agrees(7, { a: [3, 4] }, one('Clip', { max: floatAttribute(0) }));
  await agrees(10, { a: [3, 4] }, one('Clip', { min: floatAttribute(0) }));
  await agrees(10, { a: [3, 4] }, one('Clip'));
});

test('softmaxes: one axis instead of a matrix', async () => {
  for (const op of ['Softmax', 'LogSoftmax', 'Hardmax']) {
    for (const axis of [0, 1, 2]) await agrees(11, { a: [2, 3, 4] }, one(op, { axis }));
    await agrees(9, { a: [2, 3, 4] }, one(op));
    const last = await agrees(12, { a: [2, 3] }, one(op, { axis: -1 }));
    assert.deepEqual(
      last.graph.nodes.map((node) => node.op),
      [op],
    );
  }
});

test('reductions: axes become an input', async () => {
  for (const op of [
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
  ]) {
    await agrees(7, { a: [2, 3, 4] }, one(op, { axes: [1], keepdims: 0 }));
    await agrees(11, { a: [2, 3, 4] }, one(op, { axes: [-1, 0] }));
    await agrees(12, { a: [2, 3, 4] }, one(op));
  }
  await agrees(13, { a: [2, 3, 4] }, (build, [a]) => [build.op('ReduceLogSum', [build.op('Abs', [a])], { axes: [2] })]);
});

test('TopK: the count becomes an input', async () => {
  const topK: Write = (build, inputs) => build.node('TopK', inputs, { k: 2, axis: 1 }, { outputs: 2 });
  await agrees(7, { a: [2, 5] }, topK);
});

test('DFT: the axis becomes an input, and its default another one', async () => {
  await agrees(17, { a: [2, 8, 3, 1] }, one('DFT'));
  await agrees(17, { a: [2, 8, 3, 1] }, one('DFT', { axis: 2, onesided: 1 }));
});

test('operators whose form did not change pass through', async () => {
  await agrees(7, { a: [3, 4], b: [4] }, (build, [a, b]) => [build.op('PRelu', [build.op('Selu', [build.op('Add', [a, b])]), b])]);
  await agrees(9, { a: [3, 4], b: [4, 5], c: [1, 5] }, one('Gemm', { alpha: floatAttribute(0.5) }));
});

/** ONNX Runtime has no operators from before opset 7: their meaning is written with newer ones beside them. */
async function means(legacy: Write, modern: Write, feeds: Feeds, opset = 6): Promise<void> {
  const upgraded = upgradeOpset(modelOf(opset, feeds, legacy), 21);
  const values = randomValues(feeds);
  assert.deepEqual(await run(upgraded, values), await run(modelOf(21, feeds, modern), values));
}

test('before opset 7 the second operand was placed at an axis', async () => {
  const feeds = { a: [2, 3, 4, 5], b: [3, 4] };
  const aligned: Write = (build, [a, b]) => [build.op('Sub', [a, build.op('Reshape', [b, build.ints([3, 4, 1])])])];
  await means(one('Sub', { broadcast: 1, axis: 1 }), aligned, feeds);
  await means(one('Sub', { broadcast: 1, axis: -3, consumed_inputs: [0, 0] }), aligned, feeds, 1);
  await means(one('Mul', { broadcast: 1 }), one('Mul'), { a: [2, 3, 4], b: [4] });
  const perChannel: Write = (build, [a, b]) => [build.op('PRelu', [a, build.op('Reshape', [b, build.ints([3, 1, 1])])])];
  await means(one('PRelu'), perChannel, { a: [2, 3, 4, 5], b: [3] });
});

test('the oldest Selu had shorter constants', async () => {
  const constants = { alpha: floatAttribute(1.6732), gamma: floatAttribute(1.0507) };
  await means(one('Selu', { consumed_inputs: [0] }), one('Selu', constants), { a: [3, 4] }, 1);
});
