import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { quantizeDynamic } from 'espalier/compression/quantization';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type Model, nodesOf, Tensor } from 'espalier/onnx';
import { nodeHost } from 'espalier/strategies/node';
import { agreementOf, lacking, ortNode } from 'espalier/targets';
import { addTarget, nativeTarget, referenceAnswers, type Target, targetNamed, targets } from 'espalier/targets/node';
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
