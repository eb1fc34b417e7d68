import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random, sizeOf } from 'espalier/base';
import { arrayDataset, type DataSource, type Dataset, type DataTensor } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { fixedBatch, freeBatch } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { type Model, Tensor, type Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { dequantize, inferShapes } from 'espalier/ops';
import { whyUntrainable } from 'espalier/strategies';
import { batchSizeOf, buildTrainingStep, evaluate, followReference, inputShapes, type Task, train, withWeights } from 'espalier/training';
import { shared, skipWithout } from '../support/paths.js';
import { differences, normal, weightsOf } from './support.js';

const runtime = createNodeRuntime({ threads: 2 });
after(() => runtime.dispose());

async function load(name: string): Promise<Model> {
  const model = loadModel(shared('models', `${name}.onnx`) as string);
  inferShapes(model);
  return fixedBatch(model) === undefined ? model : freeBatch(model, runtime).catch(() => model);
}

function made(input: Value, size: number, random: Random): DataTensor {
  const shape = [size, ...(input.shape ?? []).slice(1).map((dim) => (typeof dim === 'number' ? dim : 24))];
  const draw = { length: sizeOf(shape) };
  if (input.dtype === 'float32') return { type: 'float32', shape, data: Float32Array.from(draw, () => random.uniform()) };
  if (input.dtype === 'int64') return { type: 'int64', shape, data: BigInt64Array.from(draw, () => BigInt(1 + random.integer(10))) };
  if (input.dtype === 'uint8') return { type: 'uint8', shape, data: Uint8Array.from(draw, () => random.integer(255)) };
  return { type: 'int32', shape, data: Int32Array.from(draw, () => random.integer(255)) };
}

/** Samples that look like a model's inputs, without labels. */
function madeSource(model: Model, size: number): DataSource {
  const random = new Random('made samples');
  const inputs = Object.fromEntries(model.graph.feeds.map((input) => [input.name, made(input, size, random)]));
  return { name: 'made', format: 'memory', train: arrayDataset({ name: 'made', inputs }), close: async () => undefined };
}

async function fidelityTask(model: Model, size: number): Promise<Task> {
  const { task } = await createTask(model, madeSource(model, size), runtime, { splits: { test: 1, validation: 1, calibration: 1 } });
  assert.equal(task.kind, 'fidelity');
  return task;
}

async function parametersOf(model: Model, task: Task): Promise<Set<string>> {
  const loss = followReference(task.outputs, task.reference as Model);
  const batchSize = batchSizeOf(model, task, 2);
  const step = buildTrainingStep(model, { batchSize, inputShapes: await inputShapes(task, batchSize), loss, optimizer: { kind: 'sgd' } });
  return new Set(step.parameters);
}

/** The model with noise added to the named weights, in proportion to their size. */
function perturbed(model: Model, names: ReadonlySet<string>, share: number): Model {
  const weights = [...weightsOf(model)].filter(([name]) => names.has(name));
  const changed = weights.map(([name, tensor]): [string, Tensor] => {
    const data = tensor.data() as Float32Array;
    const size = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
    const noise = normal(tensor.shape, name, share * size).data() as Float32Array;
    return [
      name,
      Tensor.of(
        'float32',
        tensor.shape,
        data.map((x, i) => x + noise[i]),
      ),
    ];
  });
  return withWeights(model, new Map(changed));
}

/** Models that can be trained: the share of their weights' size that is added to them as noise, and a rate that suits them. */
const trainable: Record<string, { noise: number; learningRate: number }> = {
  mnist8_cntk: { noise: 0.1, learningRate: 3e-4 },
  ppocr_v2_cls: { noise: 0.05, learningRate: 3e-5 },
  crepe_tiny: { noise: 0.1, learningRate: 3e-4 },
  tract_byte_sb_bidi_lstm: { noise: 0.3, learningRate: 3e-4 },
};

for (const [name, { noise, learningRate }] of Object.entries(trainable)) {
  const path = shared('models', `${name}.onnx`);
  test(`${name}: what noise on its weights spoiled is won back by training`, { skip: skipWithout(path, `${name}.onnx`) }, async (t) => {
    const model = await load(name);
    const task = await fidelityTask(model, 5);
    assert.equal(await whyUntrainable(model, task, runtime), undefined);
    const parameters = await parametersOf(model, task);
    const spoiled = perturbed(model, parameters, noise);
    const parts = { split: 'train' as const, batchSize: 2 };
    const before = await evaluate(spoiled, task, runtime, parts);
    const { model: tuned, history } = await train({
      model: spoiled,
      task,
      runtime,
      options: { epochs: 5, batchSize: 2, learningRate, evaluateEvery: 0, schedule: { kind: 'constant' }, freezeStatistics: true },
    });
    const after = await evaluate(tuned, task, runtime, parts);
    t.diagnostic(
      `${parameters.size} weights; loss ${history[0].loss} to ${history[4].loss}; R² ${before.details.meanFidelity} to ${after.details.meanFidelity}`,
    );
    assert.ok(history[4].loss < history[0].loss, `loss ${history[0].loss} to ${history[4].loss}`);
    assert.ok(
      after.details.meanFidelity > before.details.meanFidelity,
      `R² ${before.details.meanFidelity} to ${after.details.meanFidelity}`,
    );
    assert.ok(
      differences(tuned, spoiled).every((each) => parameters.has(each)),
      'nothing else moved',
    );
    const face = ({ graph }: Model) => [...graph.inputs, ...graph.outputs].map((value) => `${value.name} [${value.shape}]`);
    assert.deepEqual(face(tuned), face(model));
  });
}

/** Models that cannot, and what the reason must say. */
const untrainable: Record<string, RegExp> = {
  sklearn_scaler_lightgbm: /no weights that could be trained/,
};

for (const [name, reason] of Object.entries(untrainable)) {
  const path = shared('models', `${name}.onnx`);
  test(`${name} cannot be trained, and says why`, { skip: skipWithout(path, `${name}.onnx`) }, async () => {
    const model = await load(name);
    const task = await fidelityTask(model, 8);
    assert.match((await whyUntrainable(model, task, runtime)) ?? 'it can', reason);
  });
}

/** Quantized models, of which the floats are trained that their integers stand for. */
for (const [name, count] of Object.entries({ olive_mnist_dynquant: 6, shufflenet_v2_int8: 114 })) {
  const path = shared('models', `${name}.onnx`);
  test(`${name} is trained in floats`, { skip: skipWithout(path, `${name}.onnx`) }, async () => {
    const model = await load(name);
    const task = await fidelityTask(model, 8);
    assert.equal(await whyUntrainable(model, task, runtime), undefined);
    assert.equal((await parametersOf(dequantize(model), task)).size, count);
  });
}

const single = shared('models', 'fastestdet.onnx');
test('fastestdet, which takes one sample at a time, can be trained', { skip: skipWithout(single, 'fastestdet.onnx') }, async () => {
  const model = await load('fastestdet');
  const task = await fidelityTask(model, 5);
  assert.equal(await whyUntrainable(model, task, runtime), undefined);
  assert.equal((await parametersOf(model, task)).size, 139);
});

/** Where weights lie: how many are trained, and which arrays of floats are none. */
const weights: Record<string, { trained: number; left: RegExp }> = {
  // All in Constant nodes.
  ppocr_v2_cls: { trained: 143, left: /_(mean|variance)$/ },
  // Initializers that are inputs as well; anchors in Constant nodes.
  ultraface_rfb_320: { trained: 139, left: /running_(mean|var)$|^\d+$/ },
  magika_standard_v3_3: { trained: 10, left: /^$/ },
  basic_pitch_nmp: { trained: 14, left: /^$/ },
  // The scales of a Resize are a setting.
  picodet_xs_416_sim: { trained: 184, left: /^Constant_64$/ },
};

for (const [name, { trained, left }] of Object.entries(weights)) {
  const path = shared('models', `${name}.onnx`);
  test(`${name}: weights are told from tables and statistics`, { skip: skipWithout(path, `${name}.onnx`) }, async () => {
    const model = await load(name);
    const parameters = await parametersOf(model, await fidelityTask(model, 5));
    assert.equal(parameters.size, trained);
    for (const [each, tensor] of weightsOf(model))
      if (tensor.dtype === 'float32' && tensor.size > 1 && !parameters.has(each)) assert.match(each, left);
  });
}

const digits = shared('data', 'mnist');
test('mnist8_cntk, trained by others for one image at a time, learns its last layer again from labels', {
  skip: skipWithout(digits, 'MNIST'),
}, async () => {
  const model = await load('mnist8_cntk');
  const source = await openDataset(digits as string);
  const few = (part: Dataset | undefined, size: number) => part && { ...part, size };
  const { task } = await createTask(model, source, runtime, { preprocess: '0-1' });
  const splits = { ...task.splits, train: few(task.splits.train, 512) as Dataset };
  const head = [...weightsOf(model)].filter(([, tensor]) => tensor.dtype === 'float32' && String(tensor.shape) === '16,4,4,10');
  assert.equal(head.length, 1);
  const [[name, tensor]] = head;
  const forgetful = withWeights(model, new Map([[name, Tensor.of('float32', tensor.shape, new Float32Array(tensor.size))]]));
  const before = await evaluate(forgetful, task, runtime, { limit: 300 });
  const result = await train({
    model: forgetful,
    task: { ...task, splits },
    runtime,
    options: { epochs: 5, batchSize: 32, evaluateLimit: 300, learningRate: 0.003 },
  });
  await source.close();
  assert.ok(before.value < 0.2, `${before.value}`);
  assert.ok((result.history.at(-1)?.quality ?? 0) > 0.85, JSON.stringify(result.history.at(-1)));
  assert.ok(result.parameters.includes(name));
});
