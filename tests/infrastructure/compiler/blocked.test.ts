import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { Random } from 'espalier/base';
import { lowerToBlocked } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type AttributeLike, Graph, type GraphBuilder, Model, removeDeadCode, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { buildTrainingStep, crossEntropy, TARGETS } from 'espalier/training';
import { normalTensors } from '../../support/tensors.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const random = new Random('blocked');
const noise = normalTensors(random);

interface Inputs {
  build: GraphBuilder;
  /** A convolution's result of 32 channels [4, 32, 12, 16]. */
  x: Value;
  /** Another one. */
  y: Value;
  /** Fed as it is, same shape. */
  plain: Value;
}

const nchw = [4, 32, 12, 16];

/** A model whose convolutions read computed weights, as in a training step, with `write` behind them. */
function modelOf(write: (inputs: Inputs) => Value | readonly Value[]): { model: Model; feeds: () => Record<string, Tensor> } {
  const graph = new Graph('blocked');
  const opsets = new Map([['', 21]]);
  const build = typedBuilder(graph, opsets);
  const image = build.input('image', 'float32', [4, 3, 12, 16]);
  const plain = build.input('plain', 'float32', nchw);
  const weights = build.input('weights', 'float32', [32, 3, 3, 3]);
  const wide = build.input('wide', 'float32', [32, 32, 3, 3]);
  const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const x = build.op('Conv', [image, weights], same);
  const y = build.op('Conv', [plain, wide], same);
  const made = write({ build, x, y, plain });
  for (const value of [made].flat()) build.output(value as Value);
  removeDeadCode(graph);
  graph.inputs.splice(0, graph.inputs.length, ...graph.inputs.filter((input) => input.readers.size > 0));
  const model = new Model(graph, 21);
  const values = { image: noise(4, 3, 12, 16), plain: noise(...nchw), weights: noise(32, 3, 3, 3), wide: noise(32, 32, 3, 3) };
  const read = new Set(graph.inputs.map((input) => input.name));
  return {
    model,
    feeds: () => Object.fromEntries(Object.entries(values).flatMap(([name, tensor]) => (read.has(name) ? [[name, copied(tensor)]] : []))),
  };
}

function copied(tensor: Tensor): Tensor {
  return new Tensor(tensor.dtype, tensor.shape, tensor.bytes().slice());
}

const operators = (model: Model) => model.graph.nodes.map((node) => (node.domain === '' ? node.op : `blocked ${node.op}`));

async function assertSame(
  write: (inputs: Inputs) => Value | readonly Value[],
  expected: readonly string[],
  unexpected: readonly string[] = [],
) {
  const { model, feeds } = modelOf(write);
  const lowered = operators(lowerToBlocked(model, 16));
  for (const operator of expected) assert.ok(lowered.includes(operator), `${operator} is not among ${lowered.join(', ')}`);
  for (const operator of unexpected) assert.ok(!lowered.includes(operator), `${operator} is among ${lowered.join(', ')}`);
  const [plain, blocked] = await Promise.all([runtime.compile(model, { blocked: false }), runtime.compile(model, { blocked: true })]);
  const [wanted, got] = [await plain.run(feeds()), await blocked.run(feeds())];
  await Promise.all([plain.dispose(), blocked.dispose()]);
  assert.deepEqual(Object.keys(got), Object.keys(wanted));
  for (const [name, tensor] of Object.entries(wanted)) assertClose(name, got[name], tensor);
}

function assertClose(name: string, got: Tensor, wanted: Tensor, tolerance = 2e-5): void {
  assert.deepEqual([got.dtype, got.shape], [wanted.dtype, wanted.shape], name);
  const numbers = wanted.numbers().map(Number);
  const scale = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-4);
  got.numbers().forEach((x, i) => {
    assert.ok(Math.abs(Number(x) - numbers[i]) <= tolerance * scale, `${name}[${i}]: ${x} blocked, ${numbers[i]} plain`);
  });
}

describe('operators on blocked images give what plain ones give', () => {
  const conv: Record<string, AttributeLike> = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };

  test('convolutions one after another stay blocked, with their activation', async () => {
    await assertSame(
      ({ build, x, plain }) => {
        const w = build.op('Reshape', [build.op('Slice', [plain, ...[0, 1, 0].map((n) => build.ints([n]))]), build.ints([192, 32, 1, 1])]);
        return build.op('Conv', [build.op('Relu', [x]), w], { kernel_shape: [1, 1] });
      },
      ['blocked Conv', 'blocked ReorderOutput'],
      ['Relu', 'blocked ReorderInput', 'Conv'],
    );
  });

  test('strides, dilations, biases, depthwise kernels', async () => {
    const { model } = modelOf(({ x }) => x);
    assert.ok(operators(lowerToBlocked(model, 16)).includes('blocked Conv'));
    await assertSame(
      ({ build, x }) => {
        const depthwise = build.constant(noise(32, 1, 3, 3));
        const bias = build.constant(noise(32));
        const a = build.op('Conv', [x, depthwise, bias], { ...conv, group: 32, strides: [2, 1] });
        return build.op('Conv', [a, build.constant(noise(16, 32, 2, 2)), build.constant(noise(16))], {
          kernel_shape: [2, 2],
          dilations: [2, 3],
        });
      },
      ['blocked Conv'],
      ['Conv'],
    );
  });

  test('the weight gradient of a depthwise convolution: images as channels, and as kernels', async () => {
    await assertSame(
      ({ build, x, y }) => {
        const images = build.op('Reshape', [x, build.ints([1, 4 * 32, 12, 16])]);
        const kernels = build.op('Reshape', [
          build.op('AveragePool', [y], { kernel_shape: [2, 2], strides: [2, 2] }),
          build.ints([4 * 32, 1, 6, 8]),
        ]);
        return build.op('Conv', [images, kernels], { kernel_shape: [6, 8], dilations: [2, 2], pads: [1, 1, 0, 0], group: 4 * 32 });
      },
      ['blocked Conv', 'blocked AveragePool'],
      ['Conv'],
    );
    // A batch of other channels is no image of these.
    await assertSame(
      ({ build, plain }) => {
        const kernels = build.op('Reshape', [plain, build.ints([4 * 16, 1, 2 * 12, 16])]);
        return build.op('Conv', [build.op('Reshape', [plain, build.ints([1, 64, 24, 16])]), kernels], {
          kernel_shape: [24, 16],
          group: 64,
        });
      },
      ['Conv'],
    );
  });

  test('transposed depthwise convolutions', async () => {
    for (const [strides, pads, output_padding] of [
      [
        [2, 2],
        [1, 1, 1, 1],
        [1, 1],
      ],
      [
        [1, 3],
        [0, 1, 2, 0],
        [0, 2],
      ],
      [
        [2, 1],
        [1, 2, 1, 2],
        [0, 0],
      ],
    ])
      await assertSame(
        ({ build, x }) =>
          build.op('ConvTranspose', [x, build.constant(noise(32, 1, 3, 3)), build.constant(noise(32))], {
            kernel_shape: [3, 3],
            group: 32,
            strides,
            pads,
            output_padding,
          }),
        ['blocked Conv'],
        ['ConvTranspose'],
      );
    // All channels together: a convolution for each phase, except where most of the products would be with zeros.
    const transposed =
      (kernel: number[], attributes: Record<string, AttributeLike>, bias = false) =>
      (inputs: Inputs) => {
        const parameters = [noise(32, 16, ...kernel), ...(bias ? [noise(16)] : [])].map((tensor) => inputs.build.constant(tensor));
        return inputs.build.op('ConvTranspose', [inputs.x, ...parameters], { kernel_shape: kernel, ...attributes });
      };
    const twice = { strides: [2, 2] };
    for (const write of [
      transposed([2, 2], twice),
      transposed([3, 3], { ...twice, pads: [1, 1, 1, 1], output_padding: [1, 1] }, true),
      transposed([3, 3], { ...twice, pads: [0, 0, 1, 1] }),
      transposed([4, 4], { ...twice, pads: [2, 2, 0, 0] }),
      transposed([6, 4], { strides: [3, 2], pads: [3, 2, 0, 0] }, true),
      transposed([3, 2], { strides: [1, 2], pads: [1, 0, 1, 0] }),
    ])
      await assertSame(write, ['blocked Conv'], ['ConvTranspose']);
    for (const write of [
      transposed([1, 1], { ...twice, output_padding: [1, 1] }),
      transposed([3, 3], { ...twice, pads: [1, 1, 1, 1] }),
      transposed([3, 3], { ...twice, dilations: [2, 2], pads: [1, 1, 0, 0] }),
    ])
      await assertSame(write, ['ConvTranspose']);
  });

  test('channels that do not fill their blocks are filled up', async () => {
    await assertSame(
      ({ build, x }) => {
        const narrow = build.op('Relu', [build.op('Conv', [x, build.constant(noise(24, 32, 3, 3)), build.constant(noise(24))], conv)]);
        return build.op('Conv', [narrow, build.constant(noise(44, 24, 1, 1)), build.constant(noise(44))], { kernel_shape: [1, 1] });
      },
      ['blocked Conv', 'blocked ReorderInput'],
      ['Conv'],
    );
    // Three quarters of the work would be for nothing.
    await assertSame(({ build, x }) => build.op('Conv', [x, build.constant(noise(4, 32, 1, 1))], { kernel_shape: [1, 1] }), ['Conv']);
  });

  test('sums are taken in by the convolution before them', async () => {
    await assertSame(({ build, x, y }) => build.op('Relu', [build.op('Add', [x, y])]), ['blocked Conv'], ['Add', 'Relu']);
    // The convolution's own result is wanted too.
    await assertSame(({ build, x, y }) => [build.op('Add', [x, y]), build.op('Neg', [y]), build.op('Neg', [x])], ['Add']);
  });

  test('arithmetic with images, numbers, channels, maps', async () => {
    await assertSame(
      ({ build, x, y, plain }) => {
        const channels = build.constant(noise(32, 1, 1));
        const perImage = build.constant(noise(4, 32, 1, 1));
        const map = build.constant(noise(12, 16));
        const scaled = build.op('Add', [build.op('Mul', [x, channels]), channels]);
        const gated = build.op('Mul', [build.op('Sub', [scaled, perImage]), map]);
        const chosen = build.op('Where', [build.op('Greater', [gated, build.scalar(0)]), build.op('Div', [plain, build.scalar(3)]), y]);
        return build.op('Cast', [build.op('Max', [chosen, x])], { to: 1 });
      },
      ['blocked Conv', 'Where'],
      ['Conv'],
    );
  });

  test('what is no float stays plain where it leaves the blocks', async () => {
    await assertSame(({ build, x }) => build.op('Greater', [x, build.scalar(0)]), ['blocked Conv', 'Greater']);
    await assertSame(({ build, x }) => build.op('Flatten', [build.op('Greater', [x, build.scalar(0)])], { axis: 1 }), ['Greater']);
  });

  test('pools, enlargement, reductions', async () => {
    await assertSame(
      ({ build, x, y }) => {
        const pooled = build.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
        const mean = build.op('AveragePool', [y], { kernel_shape: [2, 2], strides: [2, 2] });
        const scales = build.constant(Tensor.from('float32', [4], [1, 1, 2, 3]));
        const whole = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
        const large = build.op('Resize', [mean, undefined, scales], whole);
        return [
          build.op('Sub', [pooled, mean]),
          large,
          build.op('GlobalAveragePool', [x]),
          build.op('Expand', [build.op('GlobalMaxPool', [y]), build.ints([4, 32, 5, 4])]),
          build.op('ReduceSum', [x, build.ints([0, 2, 3])], { keepdims: 0 }),
          build.op('ReduceMean', [x, build.ints([-1, -2])], { keepdims: 1 }),
          build.op('ReduceSumSquare', [y, build.ints([0, 2, 3])], { keepdims: 1 }),
          build.op('ReduceSum', [y, build.ints([1])], { keepdims: 0 }),
        ];
      },
      ['blocked MaxPool', 'blocked AveragePool', 'blocked Upsample', 'blocked GlobalAveragePool', 'blocked GlobalMaxPool'],
      ['Resize', 'Expand'],
    );
  });

  test('sums of products and of squares are read off without writing the products', async () => {
    await assertSame(
      ({ build, x, y }) => [
        build.op('ReduceSum', [build.op('Mul', [x, y]), build.ints([0, 2, 3])], { keepdims: 0 }),
        build.op('ReduceSum', [build.op('Mul', [y, y]), build.ints([2, 3])], { keepdims: 1 }),
        build.op('ReduceSumSquare', [x, build.ints([2, 3])], { keepdims: 0 }),
      ],
      ['blocked Conv', 'ReduceSum'],
      ['Mul', 'ReduceSumSquare'],
    );
    // A product that is wanted by itself is summed up as it is; so is one with a number per channel.
    await assertSame(
      ({ build, x, y }) => {
        const product = build.op('Mul', [x, y]);
        const scaled = build.op('Mul', [x, build.constant(noise(32, 1, 1))]);
        return [product, ...[product, scaled].map((each) => build.op('ReduceSum', [each, build.ints([0, 2, 3])], { keepdims: 0 }))];
      },
      ['Mul', 'ReduceSum'],
    );
  });

  test('movements', async () => {
    await assertSame(
      ({ build, x, y }) => {
        const padded = build.op('Pad', [x, build.ints([0, 0, 1, 2, 0, 0, 0, 1])]);
        const cut = build.op('Slice', [padded, build.ints([1, 0]), build.ints([99, 9]), build.ints([2, -1]), build.ints([2, 1])]);
        return [
          cut,
          build.op('Concat', [x, y], { axis: 1 }),
          build.op('Transpose', [y], { perm: [0, 2, 3, 1] }),
          build.op('Transpose', [y], { perm: [1, 0, 3, 2] }),
        ];
      },
      ['blocked ReorderOutput', 'Pad', 'Slice', 'Concat'],
    );
  });

  test('the gradient of a maximum pool', async () => {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
    await assertSame(
      ({ build, x }) => {
        const [maxima, indices] = build.node('MaxPool', [x], attributes, { outputs: 2 });
        return build.op('MaxUnpool', [build.op('Neg', [maxima]), indices, build.ints(nchw)], attributes);
      },
      ['blocked MaxPool', 'blocked Upsample'],
      ['MaxPool', 'MaxUnpool'],
    );
    // Rows and columns that no window covers get nothing; the largest numbers are made to lie there.
    await assertSame(
      ({ build, x }) => {
        const edge = Float32Array.from({ length: 12 * 16 }, (_, at) => (at >= 11 * 16 || at % 16 === 15 ? 1e4 : 0));
        const data = build.op('Add', [x, build.constant(Tensor.of('float32', [12, 16], edge))]);
        const odd = { kernel_shape: [3, 5], strides: [3, 5] };
        const cut = build.op('Slice', [data, build.ints([1]), build.ints([12]), build.ints([2])]);
        const [maxima, indices] = build.node('MaxPool', [cut], odd, { outputs: 2 });
        return [maxima, build.op('MaxUnpool', [build.op('Neg', [maxima]), indices, build.ints([4, 32, 11, 16])], odd)];
      },
      ['blocked MaxPool', 'blocked Upsample'],
      ['MaxPool', 'MaxUnpool'],
    );
    // Windows that overlap need the indices.
    await assertSame(
      ({ build, x }) => {
        const overlapping = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
        const [maxima, indices] = build.node('MaxPool', [x], overlapping, { outputs: 2 });
        return [maxima, build.op('MaxUnpool', [maxima, indices, build.ints(nchw)], { kernel_shape: [2, 2], strides: [2, 2] })];
      },
      ['MaxPool', 'MaxUnpool'],
    );
    // Indices that something else reads need the plain pool.
    await assertSame(
      ({ build, x }) => {
        const [maxima, indices] = build.node('MaxPool', [x], attributes, { outputs: 2 });
        return [build.op('MaxUnpool', [maxima, indices, build.ints(nchw)], attributes), build.op('Neg', [indices])];
      },
      ['MaxPool', 'MaxUnpool'],
    );
  });

  test('an inference normalization', async () => {
    await assertSame(
      ({ build, x }) => {
        const [scale, shift, mean] = [noise(32), noise(32), noise(32)].map((tensor) => build.constant(tensor));
        const variance = build.constant(
          Tensor.from(
            'float32',
            [32],
            Array.from({ length: 32 }, (_, i) => 0.5 + i),
          ),
        );
        return build.op('BatchNormalization', [x, scale, shift, mean, variance]);
      },
      ['blocked Conv'],
      ['BatchNormalization'],
    );
  });
});

test('a graph without images is left as it is', () => {
  const graph = new Graph('vectors');
  const build = typedBuilder(graph, new Map([['', 21]]));
  build.output(build.op('Relu', [build.input('x', 'float32', [4, 8])]));
  const model = new Model(graph, 21);
  assert.equal(lowerToBlocked(model, 16), model);
});

for (const name of ['survey-cnn', 'resnet-8', 'mobilenet']) {
  test(`steps of ${name} go the same way, blocked and plain`, async () => {
    const [classes, batch] = [10, 8];
    const shape = [3, 16, 16] as const;
    const model = architecture(name).build({ classes, width: 1, input: shape });
    const [input] = model.graph.inputs.map((value) => value.name);
    const step = buildTrainingStep(model, {
      batchSize: batch,
      inputShapes: { [input]: [batch, ...shape] },
      loss: crossEntropy('scores'),
      optimizer: { kind: 'sgd' },
    });
    const images = noise(batch, ...shape);
    const targets = Tensor.from(
      'float32',
      [batch, classes],
      Array.from({ length: batch * classes }, (_, i) => Number(i % classes === Math.floor(i / classes))),
    );
    const trained = await Promise.all(
      [false, true].map(async (blocked) => {
        const program = await runtime.compile(step.model, { resident: step.resident, state: step.state, blocked });
        const losses: number[] = [];
        for (let count = 0; count < 3; count++) {
          const all = {
            [input]: copied(images),
            [TARGETS]: copied(targets),
            'espalier.seed': Tensor.scalar('uint32', count),
            'espalier.rate': Tensor.scalar('float32', 0.01),
          };
          const outcome = await program.run(Object.fromEntries(Object.entries(all).filter(([each]) => program.inputs.includes(each))));
          losses.push(Number(outcome[step.lossOutput].numbers()[0]));
        }
        const state = await program.state();
        await program.dispose();
        return { losses, state };
      }),
    );
    const [plain, blocked] = trained;
    plain.losses.forEach((loss, i) => {
      assert.ok(Math.abs(loss - blocked.losses[i]) < 1e-3 * Math.abs(loss), `losses ${plain.losses} and ${blocked.losses}`);
    });
    for (const part of Object.keys(plain.state)) assertClose(part, blocked.state[part], plain.state[part], 2e-2);
  });
}
