import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fastCnn, surveyCnn } from 'espalier/architectures';
import { OptionError, Random, UnsupportedError } from 'espalier/base';
import { quantizeStatic } from 'espalier/compression/quantization';
import { arrayDataset, classTargets } from 'espalier/data';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { flipEnsemble } from 'espalier/learning/ensembling';
import { createTask } from 'espalier/modalities';
import { decodeModel, encodeModel, Graph, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { checkOptions } from 'espalier/technique';
import type { Task } from 'espalier/training';
import { outputsOf } from '../infrastructure/compiler/same-outputs.js';
import { normalTensors } from '../support/tensors.js';
import { smallMlp } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const random = new Random('mirror');
const SIDE = 12;
const COUNT = 60;
const photos = arrayDataset({
  name: 'photos',
  inputs: {
    image: {
      type: 'uint8',
      shape: [COUNT, SIDE, SIDE, 3],
      data: Uint8Array.from({ length: COUNT * SIDE * SIDE * 3 }, () => random.integer(256)),
      kind: 'image',
    },
  },
  targets: classTargets(
    Int32Array.from({ length: COUNT }, (_, i) => i % 2),
    ['a', 'b'],
  ),
});
const source = { name: 'photos', format: 'arrays', train: photos, close: async () => {} };
const taskFor = async (model: Model): Promise<Task> => (await createTask(model, source, runtime, { untrained: true })).task;
const apply = async (model: Model, task: Task) => {
  const result = await flipEnsemble.apply({ model, task, runtime, seed: 0 }, checkOptions(flipEnsemble, {}));
  return decodeModel(encodeModel(result.model));
};

const images = normalTensors(random);

/** The tensor turned around along one axis, element by element. */
function turned(tensor: Tensor, axis: number): Tensor {
  const { shape } = tensor;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const numbers = tensor.numbers();
  const from = (i: number) => {
    const place = Math.floor(i / inner) % shape[axis];
    return i + (shape[axis] - 1 - 2 * place) * inner;
  };
  return Tensor.from(
    'float32',
    shape,
    Array.from(numbers, (_, i) => Number(numbers[from(i)])),
  );
}

async function scores(model: Model, images: Tensor): Promise<Tensor> {
  const [input] = model.graph.feeds;
  const outputs = await outputsOf(runtime, model, { [input.name]: images });
  return outputs[model.graph.outputs[0].name];
}

/** Asserts that the model with a second look answers with the mean of the first one's answers to both images. */
async function assertMean(model: Model, twice: Model, shape: readonly number[], axis: number): Promise<void> {
  const faces = ({ graph }: Model) => [...graph.feeds, ...graph.outputs].map(({ name }) => name);
  assert.deepEqual(faces(twice), faces(model));
  const batch = images(...shape);
  const [straight, mirrored] = [await scores(model, batch), await scores(model, turned(batch, axis))];
  const found = await scores(twice, batch);
  assert.deepEqual(found.shape, straight.shape);
  const [a, b] = [straight.numbers(), mirrored.numbers()];
  // Sums of a batch twice as large may be taken in another order.
  found.numbers().forEach((value, i) => {
    assert.ok(Math.abs(Number(value) - (Number(a[i]) + Number(b[i])) / 2) < 1e-5);
  });
  assert.ok(
    a.some((value, i) => Math.abs(Number(value) - Number(b[i])) > 1e-4),
    'the two looks differ',
  );
}

const sizes = { input: [3, SIDE, SIDE], classes: 2, width: 0.1, seed: 1 } as const;

test('scores are the mean over the image and its mirror image, for twice the multiply-accumulates', async () => {
  const model = fastCnn.build(sizes);
  const twice = await apply(model, await taskFor(model));
  await assertMean(model, twice, [5, 3, SIDE, SIDE], 3);
  assert.equal(footprint(twice).macs, 2 * footprint(model).macs);
  assert.ok(encodeModel(twice).byteLength < encodeModel(model).byteLength + 1000);
});

test('a quantized model, one for a single image, and one with channels last', async () => {
  const model = surveyCnn.build(sizes);
  const task = await taskFor(model);
  const { model: quantized } = await quantizeStatic(model, task, runtime, { threads: 1 });
  await assertMean(quantized, await apply(quantized, task), [3, 3, SIDE, SIDE], 3);

  const single = decodeModel(encodeModel(model));
  single.graph.inputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [1, 3, SIDE, SIDE] };
  await assertMean(model, await apply(single, task), [3, 3, SIDE, SIDE], 3);

  const graph = new Graph('last');
  const build = typedBuilder(graph, new Map([['', 11]]));
  const input = build.input('pixels', 'float32', [SymbolicDim.named('N'), SIDE, SIDE, 3]);
  const flat = build.op('Reshape', [input, build.ints([-1, SIDE * SIDE * 3])]);
  build.output(build.op('MatMul', [flat, build.parameter('w', images(SIDE * SIDE * 3, 2))]), 'scores');
  const last = new Model(graph, 11);
  last.irVersion = 6;
  const { task: channelsLast } = await createTask(last, source, runtime, { untrained: true });
  await assertMean(last, await apply(last, channelsLast), [4, SIDE, SIDE, 3], 2);
});

test('inner shapes that the file declares, a model with several outputs', async () => {
  const graph = new Graph('two');
  const build = typedBuilder(graph, new Map([['', 17]]));
  const input = build.input('x', 'float32', [SymbolicDim.named('N'), 3, SIDE, SIDE]);
  const centred = build.op('Sub', [input, build.parameter('mean', images(1, 3, 1, 1))]);
  const flat = build.op('Flatten', [build.op('Tanh', [centred])]);
  const features = build.op('MatMul', [flat, build.parameter('w', images(3 * SIDE * SIDE, 2))]);
  build.output(build.op('Softmax', [build.op('Mul', [features, build.scalar(0.05)])], { axis: 1 }), 'scores');
  build.output(build.op('Mul', [features, build.scalar(2)]), 'doubled');
  const model = decodeModel(encodeModel(new Model(graph, 17), { valueInfo: 'all' }));
  const { task } = await createTask(model, source, runtime, { untrained: true, output: 'scores' });
  const twice = await apply(model, task);
  // One sample at a time, too: there a batch of one becomes one of two.
  for (const count of [1, 5]) await assertMean(model, twice, [count, 3, SIDE, SIDE], 3);
  const [a, b] = [images(2, 3, SIDE, SIDE)].flatMap((batch) => [batch, turned(batch, 3)]);
  const doubled = async (of: Model, batch: Tensor) => (await outputsOf(runtime, of, { x: batch })).doubled.numbers();
  const [found, straight, other] = [await doubled(twice, a), await doubled(model, a), await doubled(model, b)];
  found.forEach((value, i) => {
    assert.ok(Math.abs(Number(value) - (Number(straight[i]) + Number(other[i])) / 2) < 1e-5 * (1 + Math.abs(Number(value))));
  });
});

test('outputs that are not fractions for each sample are refused in words', async () => {
  const task = await taskFor(surveyCnn.build(sizes));
  const withOutput = (write: (build: ReturnType<typeof typedBuilder>, input: Value, scores: Value) => void) => {
    const graph = new Graph('odd');
    const build = typedBuilder(graph, new Map([['', 17]]));
    const input = build.input('input', 'float32', [SymbolicDim.named('N'), 3, SIDE, SIDE]);
    const scores = build.op('MatMul', [build.op('Flatten', [input]), build.parameter('w', images(3 * SIDE * SIDE, 2))]);
    build.output(scores, 'scores');
    write(build, input, scores);
    return new Model(graph, 17);
  };
  const odd = {
    transposed: withOutput((build, _, scores) => build.output(build.op('Transpose', [scores], { perm: [1, 0] }), 'odd')),
    constant: withOutput((build) => build.output(build.op('Identity', [build.parameter('c', images(4))]), 'odd')),
    scalar: withOutput((build, _, scores) => build.output(build.op('ReduceMean', [scores], { keepdims: 0 }), 'odd')),
    labels: withOutput((build, _, scores) => build.output(build.op('ArgMax', [scores], { axis: 1, keepdims: 0 }), 'odd')),
    image: withOutput(({ graph }, input) => graph.outputs.push(input)),
  };
  for (const [name, model] of Object.entries(odd)) {
    await assert.rejects(
      apply(model, task),
      (error) => error instanceof UnsupportedError && /"(odd|input)".*for each sample/.test(error.message),
      name,
    );
  }
});

test('what takes no images is refused in words', async () => {
  const model = smallMlp();
  const task = { ...(await taskFor(surveyCnn.build(sizes))), feeds: [{ preprocess: { layout: 'as-is' } }] } as unknown as Task;
  await assert.rejects(apply(model, task), (error) => error instanceof OptionError && /images.*as-is/s.test(error.message));
});
