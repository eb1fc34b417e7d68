import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OptionError, Random } from 'espalier/base';
import { quantizeDynamic } from 'espalier/compression/quantization';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copiesOf, encodeModel, GraphBuilder, Model, nodesOf, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { nodeHost } from 'espalier/strategies/node';
import { agreementOf, lacking, ortNode } from 'espalier/targets';
import { addTarget, nativeTarget, referenceAnswers, type Target, targetNamed, targets } from 'espalier/targets/node';
import { withoutCompiler } from '../support/native.js';
import { convolutionModel, vectorModel } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-targets-'));
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await runtime.dispose();
});

const model = vectorModel((build, { a, b }) => build.output(build.op('Mul', [a, build.op('Add', [a, b])]), 'y'));
const bytes = encodeModel(model);
const feeds = () => ({ a: Tensor.from('float32', [3], [1, 2, 3]), b: Tensor.from('float32', [3], [4, 5, 6]) });
const right = { y: Tensor.from('float32', [3], [5, 14, 27]) };

/** What every target must do, of those that are installed here. */
for (const target of targets().filter(({ usual }) => usual)) {
  test(`${target.name} says whether a model loads, runs and agrees, and how long it takes`, async () => {
    assert.deepEqual(await target.check({ model: bytes, feeds: feeds(), expected: right }), { status: 'agrees', difference: 0 });
    const wrong = { y: Tensor.from('float32', [3], [5, 14, 28]) };
    const differs = await target.check({ model: bytes, feeds: feeds(), expected: wrong });
    assert.deepEqual([differs.status, differs.difference?.toFixed(3)], ['differs', (1 / 28).toFixed(3)]);
    assert.equal((await target.check({ model: bytes, feeds: feeds(), expected: wrong, tolerance: 0.1 })).status, 'agrees');
    const broken = await target.check({ model: new Uint8Array([9, 9]), feeds: feeds(), expected: right });
    assert.equal(broken.status, 'fails');
    assert.ok(broken.detail);
    const times = await target.measure({ model: bytes, feeds: feeds(), runs: 4 });
    assert.equal(times?.length, 4);
    assert.ok(times?.every((time) => time >= 0));
  });
}

test('agreement is by the largest difference over the largest magnitude of an output', () => {
  const one = (...values: number[]) => ({ y: Tensor.from('float32', [values.length], values) });
  assert.deepEqual(agreementOf(one(1, -4), one(1, -4), 0), { status: 'agrees', difference: 0 });
  assert.equal(agreementOf(one(1, -4), one(1.4, -4), 0.1).difference?.toFixed(2), '0.10');
  assert.equal(agreementOf(one(1), one(Number.NaN), 1).status, 'differs');
  assert.match(agreementOf(one(1, 2), one(1), 1).detail ?? '', /\[1\] instead of float32 \[2\]/);
});

/** A target that somebody else added: it computes as ONNX Runtime does, but its convolutions have no integer kernel. */
const other: Target = nativeTarget(
  {
    ...ortNode,
    name: 'other',
    title: 'another engine',
    kernels: { ...ortNode.kernels, integer: ({ op }) => (op === 'Conv' ? 'none' : 'either') },
  },
  'cpu',
  true,
);

test('what a target lacks is said without running anything, each kind once', () => {
  const whole = convolutionModel();
  assert.deepEqual(lacking(whole, ortNode), []);
  const { kernels } = ortNode;
  const small = { kernels: { ...kernels, has: ({ op }: { op: string }) => op !== 'Relu' }, types: new Set(['float32'] as const) };
  const lacks = lacking(whole, small);
  assert.equal(lacks.length, 2);
  assert.match(lacks[0], /^Relu has no kernel there/);
  assert.match(lacks[1], /^int64 is no type there/);
});

test('of compiled code only operators that nobody knows are said to lack a kernel without a try', async () => {
  const quantized = vectorModel((build, { a }) => {
    const [scale, zero] = [build.constant(Tensor.from('float32', [], [0.1])), build.constant(Tensor.from('uint8', [], [128]))];
    const stored = build.op('QuantizeLinear', [a, scale, zero]);
    const sum = build.op('QLinearAdd', [stored, scale, zero, stored, scale, zero, scale, zero], {}, 'com.microsoft');
    return build.output(build.op('DequantizeLinear', [sum, scale, zero]), 'y');
  });
  quantized.opsets.set('com.microsoft', 1);
  const unknown = vectorModel((build, { a }) => build.output(build.op('Secret', [a], {}, 'my.domain'), 'y'));
  for (const name of ['c', 'wasm']) {
    const target = targetNamed(name);
    assert.deepEqual(lacking(quantized, target), []);
    assert.match(lacking(unknown, target)[0], /^my\.domain\.Secret has no kernel there/);
  }
  const bytes = encodeModel(quantized);
  const feeds = makeFeeds(quantized, { seed: 1 });
  const { status, detail } = await targetNamed('wasm').check({ model: bytes, feeds, expected: await referenceAnswers(bytes, feeds) });
  assert.equal(status, 'agrees', detail);
});

test('a target from outside is found by its name, decides what is quantized, and is on cards', async () => {
  const convolutions: Model = convolutionModel();
  const types = async (options: Parameters<typeof quantizeDynamic>[2]) => {
    const { model: small } = await quantizeDynamic(convolutions, runtime, options);
    return ['ConvInteger', 'MatMulInteger'].map((op) => nodesOf(small.graph).some((node) => node.op === op));
  };
  assert.deepEqual(await types({}), [true, true]);
  assert.deepEqual(await types({ target: other }), [false, true]);

  assert.throws(() => targetNamed('other'), OptionError);
  addTarget(other);
  assert.throws(() => addTarget(other), OptionError);
  assert.equal(targetNamed('other'), other);
  const file = encodeModel(convolutions);
  writeFileSync(join(folder, 'model.onnx'), file);
  const checks = await nodeHost(runtime, folder).check('model.onnx', convolutions, makeFeeds(convolutions, { seed: 1 }));
  assert.deepEqual(
    checks.map(({ runtime: name, status }) => [name, status]),
    [
      ['onnxruntime-node', 'agrees'],
      ['onnxruntime-web', 'agrees'],
      ['another engine', 'agrees'],
    ],
  );
  const answers = await referenceAnswers(file, makeFeeds(convolutions, { seed: 1 }));
  assert.deepEqual(
    Object.keys(answers),
    convolutions.graph.outputs.map(({ name }) => name),
  );
});

/** A dense layer in 8 bits, of whose sums one is 1314: times this scale 13.4999999, which is 13.5 in a 32-bit float. */
function nearMiddle(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const one = (dtype: 'float32' | 'uint8' | 'int8' | 'int32', value: number) => build.constant(Tensor.from(dtype, [], [value]));
  const scale = one('float32', 13.499999919527216 / 1314);
  const stored = build.op('QuantizeLinear', [build.input('x', 'float32', [1, 4]), scale, one('uint8', 128)]);
  const data = build.op('DequantizeLinear', [stored, scale, one('uint8', 128)]);
  const weight = build.parameter('weight', Tensor.from('int8', [4, 3], [0, 1, 2, 0, -3, 4, 0, 5, -6, 0, 7, 8]));
  const bias = build.parameter('bias', Tensor.from('int32', [3], [1314, 40, -50]));
  const layer = [
    build.op('DequantizeLinear', [weight, one('float32', 1), one('int8', 0)]),
    build.op('DequantizeLinear', [bias, scale, one('int32', 0)]),
  ];
  const sums = build.op('QuantizeLinear', [build.op('Gemm', [data, ...layer]), one('float32', 1), one('uint8', 128)]);
  build.output(build.op('DequantizeLinear', [sums, one('float32', 1), one('uint8', 128)]), 'y');
  return new Model(build.graph, 21);
}

/** A dense layer whose weights are integers beside data in floats. */
function weightsInIntegers(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const random = new Random(2);
  const weight = build.parameter(
    'weight',
    Tensor.from(
      'int8',
      [64, 10],
      Array.from({ length: 640 }, () => random.integer(255) - 127),
    ),
  );
  const [scale, zero] = [build.constant(Tensor.from('float32', [], [0.01])), build.constant(Tensor.from('int8', [], [0]))];
  build.output(build.op('MatMul', [build.input('x', 'float32', [1, 64]), build.op('DequantizeLinear', [weight, scale, zero])]), 'y');
  return new Model(build.graph, 21);
}

test('data that ONNX Runtime rounds to 8 bits beside weights in integers are told from wrong ones', {
  skip: withoutCompiler(),
}, async () => {
  const file = encodeModel(weightsInIntegers());
  const random = new Random(3);
  const x = Tensor.from(
    'float32',
    [1, 64],
    Array.from({ length: 64 }, () => random.normal()),
  );
  const [usual, inFloats] = [await referenceAnswers(file, { x }), await referenceAnswers(file, { x }, { floatProducts: true })];
  const own = await runtime.compile(file, { optimize: 'none' });
  const asWritten = await own.run(copiesOf({ x }));
  await own.dispose();
  assert.ok((agreementOf(asWritten, usual, 1).difference ?? 0) > 1e-3, 'it rounds');
  assert.ok((agreementOf(asWritten, inFloats, 1).difference ?? 1) < 1e-6, 'it does not');
  for (const target of ['c', 'wasm'].map(targetNamed)) {
    const { status, difference = 1, detail } = await target.check({ model: file, feeds: { x }, expected: usual });
    assert.equal(status, 'agrees');
    assert.ok(difference < 1e-6);
    assert.match(detail ?? '', /^with products of weights in integers computed in floats/);
    assert.equal((await target.check({ model: file, feeds: { x }, expected: inFloats })).detail, undefined);
  }
});

test('sums that are rounded exactly, and not as 32-bit floats round them, are told from wrong ones', {
  skip: withoutCompiler(),
}, async () => {
  const file = encodeModel(nearMiddle());
  const x = Tensor.from('float32', [1, 4], [0.01, -0.01, 0.02, 0.01]);
  const expected = await referenceAnswers(file, { x });
  assert.equal(expected.y.numbers()[0], 14);
  const { status, difference, detail } = await targetNamed('c').check({ model: file, feeds: { x }, expected });
  assert.equal(status, 'agrees');
  assert.equal(difference, 1 / 14);
  assert.match(detail ?? '', /^by rounding alone/);
  assert.deepEqual(await targetNamed('wasm').check({ model: file, feeds: { x }, expected }), { status: 'agrees', difference: 0 });
  const [first, second, third] = expected.y.numbers();
  const wrong = { y: Tensor.from('float32', [1, 3], [first, second + 1, third]) };
  assert.equal((await targetNamed('c').check({ model: file, feeds: { x }, expected: wrong })).status, 'differs');
});
