import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Architecture, type ArchitectureRequest, architecture, architecturesFor } from 'espalier/architectures';
import { OptionError, Random } from 'espalier/base';
import { arrayDataset, classTargets, subset } from 'espalier/data';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel, encodeModel, type Model, Tensor } from 'espalier/onnx';
import { buildLossGradients, buildTrainingStep, classification, crossEntropy, TARGETS, type Task, train } from 'espalier/training';

const architectures = architecturesFor('image');
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const cifar: ArchitectureRequest = { input: [3, 32, 32], classes: 10 };
const build = (name: string, request: Partial<ArchitectureRequest> = {}): Model => architecture(name).build({ ...cifar, ...request });

/** Weights that training changes, counted. */
function trained(model: Model, [channels, height, width] = cifar.input): number {
  const options = { batchSize: 2, inputShapes: { input: [2, channels, height, width] }, loss: crossEntropy('scores') };
  const { parameters, weights, state } = buildTrainingStep(model, { ...options, optimizer: { kind: 'sgd', momentum: 0 } });
  const all = weights(state);
  return parameters.reduce((sum, name) => sum + (all.get(name)?.size ?? Number.NaN), 0);
}

/** The survey's network by hand: kernels and biases, scales and shifts. */
function surveyParameters(width: number): number {
  const channels = [3, 32, 32, 64 * width, 64 * width, 128 * width, 128 * width];
  let sum = 0;
  for (let i = 1; i < channels.length; i++) sum += 9 * channels[i - 1] * channels[i] + 3 * channels[i];
  const flat = 16 * channels[6];
  return sum + (flat + 1) * 512 * width + (512 * width + 1) * 10;
}

test('the survey network has as many weights as its layers say', () => {
  for (const width of [0.25, 0.5]) assert.equal(trained(build('survey-cnn', { width })), surveyParameters(width));
});

test('ResNet-20 has 272,474 weights and 40.8 million multiply-accumulates', () => {
  // He et al. 2016 give 0.27 M; 272,474 is PyTorch's count with projection shortcuts.
  const model = build('resnet-20');
  assert.equal(trained(model), 272_474);
  assert.ok(Math.abs(footprint(model).macs / 40.8e6 - 1) < 0.01);
});

test('ResNet-8 is the size of the MLPerf Tiny reference: 78 thousand weights, 12.5 million multiply-accumulates', () => {
  const model = build('resnet-8');
  assert.ok(trained(model) > 77_000 && trained(model) < 79_000, `${trained(model)}`);
  assert.equal(footprint(model).macs, 12_501_632);
});

test('width grows weights about quadratically, depth adds blocks, resolution adds only work', () => {
  for (const { name, scales } of architectures) {
    const [one, two] = [footprint(build(name)), footprint(build(name, { width: 2 }))];
    const ratio = two.parameters / one.parameters;
    assert.ok(ratio > 3 && ratio < 4.5, `${name}: ${ratio}`);
    if (scales.includes('depth')) {
      const deep = footprint(build(name, { depth: 2 }));
      assert.ok(deep.layers.length > one.layers.length && deep.parameters > 1.5 * one.parameters, name);
    }
    const fine = build(name, { resolution: 64 });
    assert.equal(String(fine.graph.inputs[0].shape), 'N,3,64,64');
    assert.ok(footprint(fine).macs > 2 * one.macs, name);
  }
  assert.equal(trained(build('resnet-20')), trained(build('resnet-8', { depth: 3 })));
});

test('images from 8×8 to 224×224, square or not, of any channels, and any batch, give [N, classes]', async () => {
  const sizes: ArchitectureRequest['input'][] = [
    [1, 8, 8],
    [3, 28, 28],
    [2, 33, 47],
    [3, 96, 64],
    [1, 8, 1],
  ];
  for (const { name } of architectures) {
    for (const input of sizes) {
      const model = decodeModel(encodeModel(build(name, { input, classes: 7, width: 0.25 })));
      assert.equal(String(model.graph.outputs[0].shape), 'N,7');
      const program = await runtime.compile(model);
      for (const batch of [1, 3]) {
        const shape = [batch, ...input];
        const { scores } = await program.run({
          input: Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5)),
        });
        assert.deepEqual(scores.shape, [batch, 7], `${name} on [${shape}]`);
        assert.ok(scores.numbers().every(Number.isFinite));
      }
      await program.dispose();
    }
    assert.equal(String(build(name, { input: [3, 224, 224] }).graph.outputs[0].shape), 'N,10');
  }
});

/** Noise in which class c is brighter in quarter c. */
function quarters(size: number): Task {
  const random = new Random(2);
  const labels = Int32Array.from({ length: size }, (_, i) => i % 4);
  const data = Float32Array.from({ length: size * 192 }, (_, i) => {
    const [sample, y, x] = [Math.floor(i / 192), Math.floor((i % 64) / 8), i % 8];
    return random.normal() + (labels[sample] === 2 * Number(y > 3) + Number(x > 3) ? 1 : 0);
  });
  const targets = classTargets(labels);
  const all = arrayDataset({ name: 'quarters', inputs: { image: { type: 'float32', shape: [size, 3, 8, 8], data } }, targets });
  const none = subset(all, new Int32Array(0));
  return {
    ...classification({ output: 'scores', classes: targets.classes }),
    name: 'quarters',
    splits: { train: all, calibration: none, validation: none, test: none },
    feeds: [{ input: 'input', from: 'image', preprocess: { layout: 'as-is' } }],
  };
}

const small = { input: [3, 8, 8], classes: 4, width: 0.5 } as const;

for (const each of architectures) {
  test(`${each.name} starts near chance, learns, and a gradient reaches every weight`, async () => {
    const model = each.build(small);
    const { history, model: after } = await train({
      model,
      task: quarters(64),
      runtime,
      options: { epochs: 8, batchSize: 32, learningRate: 0.005, evaluateEvery: 0, schedule: { kind: 'constant' } },
    });
    assert.ok(Math.abs(history[0].loss - Math.log(4)) < 0.8, `first epoch's loss ${history[0].loss}`);
    assert.ok(history[7].loss < 0.5 * history[0].loss, `${history[0].loss} to ${history[7].loss}`);
    assert.equal(after.opsets.get(''), model.opsets.get(''));
    await reached(each, model);
  });
}

async function reached({ name }: Architecture, model: Model): Promise<void> {
  const built = buildLossGradients(model, { batchSize: 8, inputShapes: { input: [8, 3, 8, 8] }, loss: crossEntropy('scores') });
  const program = await runtime.compile(built.model);
  const random = new Random(name);
  const draw = (shape: number[], next: () => number) =>
    Tensor.of('float32', shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next));
  const targets = draw([8, 4], () => 0.25);
  const results = await program.run({ input: draw([8, 3, 8, 8], () => random.normal()), [TARGETS]: targets });
  const silent = [...built.gradients].filter(([, output]) => results[output].numbers().every((value) => value === 0));
  assert.deepEqual(silent, [], name);
  await program.dispose();
}

test('the loss of a fresh network is about that of guessing', async () => {
  for (const each of architectures) {
    const { history } = await train({
      model: each.build({ ...small, width: 1 }),
      task: quarters(64),
      runtime,
      options: { epochs: 1, batchSize: 64, learningRate: 1e-9, evaluateEvery: 0 },
    });
    assert.ok(Math.abs(history[0].loss - Math.log(4)) < 0.8, `${each.name}: ${history[0].loss}`);
  }
});

test('the same seed makes the same bytes, another seed others', () => {
  for (const each of architectures) {
    const bytes = (seed: number) => Buffer.from(encodeModel(each.build({ ...small, seed })));
    assert.ok(bytes(1).equals(bytes(1)));
    assert.ok(!bytes(1).equals(bytes(2)));
  }
});

test('a model that is only counted has the same graph, and no weights', () => {
  for (const each of architectures) {
    const [drawn, counted] = [0, null].map((seed) => each.build({ ...small, seed }));
    const told = ({ graph }: typeof drawn) => [...graph.initializers].map(({ name, shape }) => `${name} ${shape}`);
    assert.deepEqual(told(counted), told(drawn), each.name);
    assert.deepEqual(footprint(counted), footprint(drawn), each.name);
    for (const { name, initializer } of counted.graph.initializers)
      if (/weight$/.test(name))
        assert.ok(
          initializer?.bytes().every((byte) => byte === 0),
          `${each.name}: ${name}`,
        );
  }
});

test('what cannot be built is refused', () => {
  const wrong: Partial<ArchitectureRequest>[] = [
    { classes: 1 },
    { width: 0 },
    { width: Number.NaN },
    { resolution: 7.5 },
    { input: [3, 0, 8] },
  ];
  for (const { name } of architectures)
    for (const request of wrong) assert.throws(() => build(name, request), OptionError, `${name} ${JSON.stringify(request)}`);
  assert.throws(() => build('resnet-20', { depth: -1 }), OptionError);
  assert.throws(
    () => architecture('vgg'),
    (error) => error instanceof OptionError && /"vgg".*resnet-20/s.test(error.message),
  );
});

test('kernels, binning and kinds of block change what they say, take the same input, and learn', async () => {
  for (const family of architectures) {
    const one = footprint(build(family.name));
    const wide = footprint(build(family.name, { kernel: 5 }));
    // Of MobileNet's work a depthwise kernel is the least.
    assert.ok(wide.macs > 1.1 * one.macs, `${family.name}: ${wide.macs} beside ${one.macs}`);
    if (family.scales.includes('binning')) {
      const binned = build(family.name, { binning: 2 });
      assert.equal(String(binned.graph.inputs[0].shape), 'N,3,32,32');
      const { macs } = footprint(binned);
      // A quarter, but for the last maps, which are a pixel or two however large the image.
      assert.ok(macs < 0.4 * one.macs, `${family.name}: ${macs} beside ${one.macs}`);
      const tiny = footprint(build(family.name, { input: [1, 3, 3], binning: 2 })).macs;
      assert.equal(tiny, footprint(build(family.name, { input: [1, 3, 3] })).macs, 'an image that small is left as it is');
    }
    for (const block of family.blocks ?? []) {
      const model = build(family.name, { block, kernel: 5, binning: 2, width: 0.25 });
      assert.ok(trained(model) > 0, `${family.name} ${block}`);
    }
  }
  assert.equal(
    encodeModel(build('resnet-8', { block: 'basic', kernel: 3, binning: 1 })).byteLength,
    encodeModel(build('resnet-8')).byteLength,
  );
  assert.ok(footprint(build('resnet-8', { block: 'separable' })).parameters < 0.3 * footprint(build('resnet-8')).parameters);
  assert.throws(() => build('resnet-8', { kernel: 4 }), OptionError);
  assert.throws(() => build('resnet-8', { binning: 0 }), OptionError);
  assert.throws(
    () => build('resnet-8', { block: 'fused' }),
    (error) => error instanceof OptionError && /basic, separable/.test(error.message),
  );
  assert.throws(() => build('survey-cnn', { block: 'basic' }), OptionError);
});
