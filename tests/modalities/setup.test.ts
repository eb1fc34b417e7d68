import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DataError, OptionError, Random, Stopped, UnsupportedError } from 'espalier/base';
import { arrayDataset, classTargets, type DataSource, type Dataset } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask, type TaskOptions } from 'espalier/modalities';
import { Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { train } from 'espalier/training';
import { shared, skipWithout } from '../support/paths.js';
import { clusters, modelOf, smallMlp, weight } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const sourceOf = (dataset: Dataset): DataSource => ({ name: dataset.name, format: 'memory', train: dataset, close: async () => undefined });

/** 8×8 colour images in 0-255. What tells the four classes apart is in their colours, so that scaling and order of channels matter. */
function colours(size: number): Dataset {
  const random = new Random('colours');
  const labels = Int32Array.from({ length: size }, (_, i) => i % 4);
  const data = new Uint8Array(size * 192);
  for (let i = 0; i < size; i++) {
    const lean = [
      [40, 0, -40],
      [-40, 0, 40],
      [0, 40, -20],
      [20, -40, 20],
    ][labels[i]];
    for (let p = 0; p < 64; p++)
      for (let c = 0; c < 3; c++)
        data[(i * 64 + p) * 3 + c] = Math.min(255, Math.max(0, 120 + lean[c] + 20 * (p % 8 < 4 ? 1 : -1) + 70 * random.normal()));
  }
  return arrayDataset({
    name: 'colours',
    inputs: { image: { type: 'uint8', shape: [size, 8, 8, 3], data, kind: 'image' } },
    kinds: { image: { kind: 'image', range: [0, 255] } },
    targets: classTargets(labels),
  });
}

/** A small convolutional net over colour images of either layout. */
function convNet(layout: 'NCHW' | 'NHWC'): Model {
  const graph = new Graph('net');
  const model = new Model(graph, 17);
  model.irVersion = 8;
  const build = typedBuilder(graph, model.opsets);
  const sample = layout === 'NCHW' ? [3, 8, 8] : [8, 8, 3];
  const x = build.input('pixels', 'float32', [SymbolicDim.named('N'), ...sample]);
  const image = layout === 'NCHW' ? x : build.op('Transpose', [x], { perm: [0, 3, 1, 2] });
  const conv = build.op('Conv', [image, weight(build, 'conv.weight', [8, 3, 3, 3], 0.3), weight(build, 'conv.bias', [8], 0.1)]);
  const pooled = build.op('Flatten', [build.op('GlobalAveragePool', [build.op('Relu', [conv])])]);
  build.output(build.op('Gemm', [pooled, weight(build, 'dense.weight', [8, 4]), weight(build, 'dense.bias', [4], 0.1)]), 'scores');
  return model;
}

const images = colours(400);
/** Nets trained with one way of preprocessing, by its name. */
const trained = new Map<string, Model>();

before(async () => {
  for (const name of ['imagenet NCHW RGB', '+-1 NHWC BGR']) {
    const model = convNet(name.includes('NHWC') ? 'NHWC' : 'NCHW');
    const { task } = await createTask(model, sourceOf(images), runtime, { preprocess: name });
    const { model: fitted } = await train({
      model,
      task,
      runtime,
      options: { epochs: 12, batchSize: 16, learningRate: 0.02, evaluateEvery: 0 },
    });
    trained.set(name, fitted);
  }
});

test('the preprocessing that a model was trained with is found again: scaling, layout and order of channels', async () => {
  for (const [name, model] of trained) {
    const { task, explanation, tried } = await createTask(model, sourceOf(images), runtime);
    assert.equal(task.feeds[0].preprocess.name, name, JSON.stringify(tried, null, 1));
    assert.ok(explanation.includes(name) && /accuracy \d+/.test(explanation), explanation);
    assert.match(explanation, /^Task: classification, 4 classes, because /);
    assert.ok(tried.length >= 6 && tried[0].name === name);
  }
});

test('a named preprocessing is taken as it is; a name that does not fit is refused with those that do', async () => {
  const [model] = trained.values();
  const { task } = await createTask(model, sourceOf(images), runtime, { preprocess: '0-1 NCHW RGB' });
  assert.equal(task.feeds[0].preprocess.name, '0-1 NCHW RGB');
  const own = { layout: 'NCHW', channels: 'RGB', scale: 1 / 64 } as const;
  assert.equal((await createTask(model, sourceOf(images), runtime, { preprocess: own })).task.feeds[0].preprocess, own);
  await assert.rejects(
    createTask(model, sourceOf(images), runtime, { preprocess: 'tf' }),
    (error) => error instanceof OptionError && /"tf".*imagenet/s.test(error.message),
  );
});

test('a model that is yet to be trained is not asked which preprocessing suits its random weights', async () => {
  const model = convNet('NCHW');
  const { task, tried, explanation } = await createTask(model, sourceOf(images), runtime, { untrained: true });
  assert.equal(task.feeds[0].preprocess.name, 'dataset NCHW RGB');
  assert.deepEqual(tried, []);
  assert.match(explanation, /yet to be trained/);
  const named = await createTask(model, sourceOf(images), runtime, { untrained: true, preprocess: 'imagenet' });
  assert.equal(named.task.feeds[0].preprocess.name, 'imagenet NCHW RGB');
});

const mnist = shared('data', 'mnist');
test('MNIST and a model of 0-1 or 0-255 alike', { skip: skipWithout(mnist, 'MNIST') }, async () => {
  const source = await openDataset(mnist as string);
  const model = loadModel(shared('models', 'mnist8_cntk.onnx') as string);
  const { task, tried } = await createTask(model, source, runtime);
  await source.close();
  assert.match(task.feeds[0].preprocess.name ?? '', /^(0-1|0-255) NCHW gray$/);
  assert.ok(tried[0].value > 0.94);
});

test('without labels the outputs are compared with the original; --fidelity does so although there are labels', async () => {
  const [model] = trained.values();
  const { targets: _targets, ...unlabelled } = images;
  for (const [dataset, options] of [
    [unlabelled, {}],
    [images, { fidelity: true }],
  ] as [Dataset, TaskOptions][]) {
    const { task, explanation } = await createTask(model, sourceOf(dataset), runtime, options);
    assert.equal(task.kind, 'fidelity');
    assert.deepEqual(task.outputs, ['scores']);
    assert.match(explanation, /without labels/);
  }
});

test('a model with another number of classes is refused', async () => {
  await assert.rejects(
    createTask(smallMlp({ classes: 5 }), sourceOf(clusters()), runtime),
    (error) => error instanceof DataError && /3 classes.*3 scores.*"scores"/s.test(error.message),
  );
});

test('names that do not exist are refused with those that do', async () => {
  await assert.rejects(
    createTask(smallMlp(), sourceOf(clusters()), runtime, { output: 'logits' }),
    (error) => error instanceof OptionError && /"logits".*scores/s.test(error.message),
  );
  await assert.rejects(
    createTask(smallMlp(), sourceOf(clusters()), runtime, { output: 'logits', fidelity: true }),
    (error) => error instanceof OptionError && /"logits"/.test(error.message),
  );
});

test('of several outputs the one with a score for each class is taken', async () => {
  const model = modelOf([6], (build, x) => {
    const hidden = build.op('Relu', [build.op('MatMul', [x, weight(build, 'first', [6, 8])])]);
    build.output(hidden, 'embedding');
    return build.op('MatMul', [hidden, weight(build, 'second', [8, 3])]);
  });
  const { task } = await createTask(model, sourceOf(clusters()), runtime, { preprocess: 'raw' });
  assert.equal(task.kind, 'classification');
  assert.deepEqual(task.outputs, ['scores']);
  const all = await createTask(model, sourceOf(clusters()), runtime, { preprocess: 'raw', fidelity: true });
  assert.equal(all.task.kind, 'fidelity');
  assert.deepEqual(all.task.outputs, ['embedding', 'scores']);
});

function twoInputs(): Model {
  const graph = new Graph('two');
  const model = new Model(graph, 17);
  const build = typedBuilder(graph, model.opsets);
  const [a, b] = ['left', 'right'].map((name) => build.input(name, 'float32', [SymbolicDim.named('N'), 2]));
  build.output(
    build.op('MatMul', [build.op('Sub', [a, b]), build.parameter('w', Tensor.from('float32', [2, 2], [1, -1, 0.5, -0.5]))]),
    'scores',
  );
  return model;
}

test('several inputs are paired by name, whatever their order, and a missing one is named', async () => {
  const random = new Random(1);
  const array = () => ({ type: 'float32' as const, shape: [60, 2], data: Float32Array.from({ length: 120 }, () => random.normal()) });
  const labels = Int32Array.from({ length: 60 }, (_, i) => i % 2);
  const make = (names: string[]) =>
    sourceOf(
      arrayDataset({ name: 'pairs', inputs: Object.fromEntries(names.map((name) => [name, array()])), targets: classTargets(labels) }),
    );
  const { task } = await createTask(twoInputs(), make(['right', 'left']), runtime);
  assert.deepEqual(
    task.feeds.map(({ input, from }) => [input, from]),
    [
      ['left', 'left'],
      ['right', 'right'],
    ],
  );
  await assert.rejects(
    createTask(twoInputs(), make(['left']), runtime),
    (error) => error instanceof DataError && /"right".*left, right/s.test(error.message),
  );
});

test('data of another shape is refused', async () => {
  await assert.rejects(
    createTask(smallMlp({ width: 9 }), sourceOf(clusters()), runtime),
    (error) => error instanceof DataError && /\[\?, 9\].*\[6\]/s.test(error.message),
  );
});

test('a model of which it cannot be told where its samples lie is refused', async () => {
  const model = twoInputs();
  model.graph.inputs[1].type = { kind: 'tensor', dtype: 'float32', shape: [3, 5, 2] };
  await assert.rejects(createTask(model, sourceOf(clusters({ width: 2, classes: 2 })), runtime), UnsupportedError);
});

test('a model with a fixed batch is probed in its batches, the last one filled up', async () => {
  const model = smallMlp();
  model.graph.inputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [7, 6] };
  model.graph.outputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [7, 3] };
  const { tried } = await createTask(model, sourceOf(clusters({ size: 80 })), runtime, { probe: 20 });
  const open = await createTask(smallMlp(), sourceOf(clusters({ size: 80 })), runtime, { probe: 20 });
  const sorted = (list: typeof tried) =>
    [...list].sort((a, b) => a.name.localeCompare(b.name)).map(({ name, value, loss }) => [name, value, loss.toFixed(4)]);
  assert.deepEqual(sorted(tried), sorted(open.tried));
});

test('an abort while ways are tried is an abort', async () => {
  const controller = new AbortController();
  const activity = { signal: controller.signal, onProgress: () => controller.abort() };
  const [model] = trained.values();
  await assert.rejects(createTask(model, sourceOf(images), runtime, {}, activity), Stopped);
});
