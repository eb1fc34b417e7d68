import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { OptionError, type ProgressEvent, Random, Stopped } from 'espalier/base';
import { type AwareOptions, type QuantizeOptions, quantize, quantizeAwareTrain } from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { freeBatch } from 'espalier/infrastructure/compiler';
import { footprint } from 'espalier/infrastructure/hardware';
import type { Program, Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { encodeModel, type Model, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { checkOptions, type TaskContext } from 'espalier/technique';
import { classification, evaluate, type Task, train, withWeights } from 'espalier/training';
import { saturates } from '#dist/compression/quantization/saturation.js';
import { shared, skipWithout } from '../../support/paths.js';
import { madeModel, taskOf } from './models.js';

const runtime = createNodeRuntime({ threads: 2 });
after(() => runtime.dispose());

const quantized = (context: Omit<TaskContext, 'runtime' | 'seed'>, options: Partial<QuantizeOptions> = {}) =>
  quantize.apply({ ...context, runtime, seed: 1 }, checkOptions(quantize, options));
const trained = (context: Omit<TaskContext, 'runtime' | 'seed'>, options: Partial<AwareOptions> = {}) =>
  quantizeAwareTrain.apply({ ...context, runtime, seed: 1 }, checkOptions(quantizeAwareTrain, options));

/** A small net that knows digits, made once. */
let digits: Promise<{ model: Model; task: Task }> | undefined;
function digitsNet() {
  digits ??= (async () => {
    const model = architecture('survey-cnn').build({ input: [1, 8, 8], classes: 10, width: 0.1, seed: 1 });
    const source = await openDataset('digits');
    const { task } = await createTask(model, source, runtime, { splits: { seed: 1, calibration: 100 } });
    const result = await train({ model, task, runtime, options: { epochs: 6, learningRate: 0.003, batchSize: 64, seed: 1 } });
    return { model: result.model, task };
  })();
  return digits;
}

const accuracy = async (model: Model, task: Task) => (await evaluate(model, task, runtime, { split: 'test' })).value;

test('static quantization of a trained net keeps its accuracy, says so, and reports progress', async () => {
  const { model, task } = await digitsNet();
  const events: ProgressEvent[] = [];
  const { model: small, notes } = await quantized({ model, task, onProgress: (event) => events.push(event) });
  const before = await accuracy(model, task);
  assert.ok(before > 0.93, `the float net has ${before}`);
  assert.ok((await accuracy(small, task)) > before - 0.01);
  assert.ok(footprint(model).weightBytes / footprint(small).weightBytes > 2.9);
  assert.equal(notes.facts?.floatLayers, 0);
  assert.equal(notes.facts?.calibrationSamples, 100);
  assert.equal(notes.sensitivity?.length, notes.facts?.quantizedLayers);
  assert.ok(notes.sensitivity?.every(({ decision, loss }) => decision === 'int8' && Math.abs(loss) < 0.1));
  for (const name of ['calibrate', 'sensitivity', 'quantize'])
    assert.ok(
      events.some(({ task: of }) => of === name),
      name,
    );
  const again = await quantized({ model, task });
  assert.deepEqual(encodeModel(again.model), encodeModel(small), 'the same input gives the same bytes');
});

test('layers that lose too much are found and left in float', async () => {
  const shape = [6, 6, 6];
  // Two layers whose common activation has one channel far larger than the rest, which 8 bits for all cannot hold.
  const spoiled = new Random(2);
  const uneven = (kernel: number[], axis: number, factor: number) => {
    const inner = kernel.slice(axis + 1).reduce((a, b) => a * b, 1);
    const size = kernel.reduce((a, b) => a * b, 1);
    const scale = (i: number) => (Math.floor(i / inner) % kernel[axis] === 0 ? factor : 1);
    return Tensor.from(
      'float32',
      kernel,
      Float32Array.from({ length: size }, (_, i) => spoiled.normal() * 0.3 * scale(i)),
    );
  };
  const model = madeModel(shape, (build, x, weights) => {
    const conv = (input: typeof x, w: typeof x, name: string) =>
      build.op('Relu', build.node('Conv', [input, w], { pads: [1, 1, 1, 1] }, { name }));
    const a = conv(x, weights([6, 6, 3, 3], 0.2), 'good1');
    const b = conv(a, build.parameter('w', uneven([6, 6, 3, 3], 0, 3000)), 'bad1');
    const c = conv(b, build.parameter('w', uneven([6, 6, 3, 3], 1, 1 / 3000)), 'bad2');
    return conv(conv(c, weights([6, 6, 3, 3], 0.2), 'good2'), weights([4, 6, 3, 3], 0.2), 'good3');
  });
  const task = taskOf(model, shape);
  const all = await quantized({ model, task }, { tolerance: 10 });
  assert.ok((all.notes.facts?.loss as number) > 0.05, `all in int8 lose ${all.notes.facts?.loss}`);
  const { notes, model: mixed } = await quantized({ model, task }, { tolerance: 0.01, equalize: 'never' });
  const floats = notes.sensitivity?.filter(({ decision }) => decision === 'float').map(({ layer }) => layer) ?? [];
  assert.ok(floats.includes('bad1') && floats.includes('bad2'), `in float: ${floats}`);
  assert.ok(floats.length <= 3 && (notes.facts?.quantizedLayers as number) >= 2);
  assert.ok((notes.facts?.loss as number) <= 0.01, `loses ${notes.facts?.loss}`);
  assert.match(notes.remarks?.join(' ') ?? '', /compute in float/);
  const quality = await evaluate(mixed, task, runtime, { split: 'test' });
  assert.ok(quality.value > 0.98, `test part: ${quality.value}`);
});

test('without data: dynamic and weights-only need no task', async () => {
  const { model, task } = await digitsNet();
  for (const mode of ['dynamic', 'weights'] as const) {
    const { model: small } = await quantized({ model, task: undefined as never }, { mode });
    assert.ok((await accuracy(small, task)) > (await accuracy(model, task)) - 0.01, mode);
    assert.ok(footprint(model).weightBytes / footprint(small).weightBytes > 3, mode);
  }
  await assert.rejects(quantized({ model, task: undefined as never }), OptionError);
  assert.throws(() => checkOptions(quantize, { calibration: 'median' }), OptionError);
  assert.throws(() => checkOptions(quantize, { tolerence: 1 }), OptionError);
});

test('stopping is obeyed', async () => {
  const { model, task } = await digitsNet();
  const control = new AbortController();
  const work = quantized({ model, task, signal: control.signal, onProgress: () => control.abort() });
  await assert.rejects(work, Stopped);
});

test('training on 4-bit weights wins back most of what rounding loses', async () => {
  const { task } = await digitsNet();
  const plain = madeModel([1, 8, 8], (build, x, weights) => {
    const a = build.op('Relu', [build.op('Conv', [x, weights([8, 1, 3, 3], 0.4), weights([8], 0)], { pads: [1, 1, 1, 1] })]);
    const b = build.op('Relu', [build.op('Conv', [a, weights([16, 8, 3, 3], 0.15), weights([16], 0)], { strides: [2, 2] })]);
    return build.op('Gemm', [build.op('Flatten', [b]), weights([144, 10], 0.1), weights([10], 0)]);
  });
  const own: Task = { ...task, ...classification({ output: 'y0', classes: task.parts }), feeds: [{ ...task.feeds[0], input: 'x' }] };
  const float = await train({ model: plain, task: own, runtime, options: { epochs: 8, learningRate: 0.005, batchSize: 64, seed: 1 } });
  const model = unbalanced(float.model);
  const before = await accuracy(model, own);
  assert.equal(before, await accuracy(float.model, own), 'the same function in other weights');
  const form = { weightType: 'int4', perChannel: false } as const;
  const { model: small } = await quantized({ model, task: own }, { ...form, tolerance: 10, sensitivity: false });
  const rounded = await accuracy(small, own);
  const { model: tuned, notes } = await trained({ model, task: own }, { ...form, epochs: 4, batchSize: 64, learningRate: 0.005 });
  const after = await accuracy(tuned, own);
  assert.ok(rounded < before - 0.05, `float ${before}, rounded ${rounded}`);
  assert.ok(after > rounded + 0.6 * (before - rounded), `float ${before}, rounded ${rounded}, trained ${after}`);
  assert.equal(notes.training?.length, 4);
  assert.ok((notes.facts?.loss as number) < (notes.facts?.lossBeforeTraining as number));
  // The form is that of static quantization: integer weights, no float ones.
  assert.deepEqual(
    tuned.graph.nodes.map((node) => node.op),
    small.graph.nodes.map((node) => node.op),
  );
  assert.ok([...tuned.graph.initializers].every((value) => value.dtype !== 'float32' || (value.initializer?.shape.length ?? 0) < 2));
});

/** The same function with one channel of the first convolution 8 times larger and its readers 8 times smaller: hard on one scale for all. */
function unbalanced(model: Model): Model {
  const [first, second] = model.graph.nodes.filter((node) => node.op === 'Conv');
  const weights = new Map<string, Tensor>();
  const scale = (node: typeof first, input: number, isScaled: (index: number) => boolean, factor: number) => {
    const value = node.inputs[input];
    const tensor = value?.constant as Tensor;
    const numbers = tensor.toFloat32().map((x, i) => (isScaled(i) ? x * factor : x));
    weights.set(value?.name as string, Tensor.from('float32', tensor.shape, numbers));
  };
  scale(first, 1, (i) => i < 9, 8);
  scale(first, 2, (i) => i === 0, 8);
  scale(second, 1, (i) => Math.floor(i / 9) % 8 === 0, 1 / 8);
  return withWeights(model, weights);
}

test('training resumes from its checkpoint to the same bytes', async () => {
  const { model, task } = await digitsNet();
  const options = { epochs: 2, batchSize: 64 };
  const whole = await trained({ model, task }, options);
  let kept: Parameters<NonNullable<TaskContext['checkpoints']>['save']>[1] | undefined;
  const store = {
    load: async () => kept,
    save: async (_: string, checkpoint: NonNullable<typeof kept>) => {
      kept ??= checkpoint;
    },
  };
  await trained({ model, task, checkpoints: store }, options);
  assert.equal(kept?.epoch, 1);
  const resumed = await trained({ model, task, checkpoints: store }, options);
  assert.deepEqual(encodeModel(resumed.model), encodeModel(whole.model));
});

test('a runtime whose 8-bit sums overflow is found out', async () => {
  assert.equal(await saturates(runtime), await saturates(runtime));
  const overflowing = (sum: number): Runtime => ({
    name: 'fake',
    compile: async () =>
      ({ run: async () => ({ y: Tensor.from('int32', [4, 4], new Array(16).fill(sum)) }), dispose: async () => {} }) as unknown as Program,
    dispose: async () => {},
  });
  assert.equal(await saturates(overflowing(64 * 255 * 127)), false);
  assert.equal(await saturates(overflowing(32 * 32767)), true);
});

const mnist = shared('data', 'mnist');
const path = shared('models', 'mnist8_cntk.onnx');
test('a net by others, with weights behind Reshape: int8 loses at most 0.3 points', {
  skip: skipWithout(mnist && path, 'MNIST'),
}, async () => {
  const loaded = await loadModel(path as string);
  const model = await freeBatch(loaded, runtime);
  const source = await openDataset(mnist as string);
  const { task } = await createTask(model, source, runtime, { preprocess: '0-1', splits: { seed: 1, calibration: 100, validation: 500 } });
  const before = (await evaluate(model, task, runtime, { split: 'test', limit: 1000 })).value;
  const { model: small, notes } = await quantized({ model, task });
  const after = (await evaluate(small, task, runtime, { split: 'test', limit: 1000 })).value;
  assert.ok(before - after <= 0.003, `${before} becomes ${after}`);
  assert.equal(notes.facts?.quantizedLayers, 3);
  assert.ok(footprint(model).weightBytes / footprint(small).weightBytes >= 3);
});
