import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { simplify, trimUnread } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, floatAttribute, Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { buildTrainingStep, crossEntropy } from 'espalier/training';
import { normalTensors, positiveTensors } from '../../support/tensors.js';
import { assertSame, assertWhole, outputsOf } from './same-outputs.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const random = new Random(11);
const normal = normalTensors(random);
const positive = positiveTensors(random);

type Attributes = Parameters<GraphBuilder['op']>[2];

function modelOf(write: (build: GraphBuilder, x: Value) => void, sides: readonly number[] | undefined): Model {
  const graph = new Graph('windows');
  const build = typedBuilder(graph, new Map([['', 17]]));
  const batch = SymbolicDim.named('N');
  write(build, build.input('x', 'float32', [batch, 3, ...(sides ?? [SymbolicDim.named('H'), SymbolicDim.named('W')])]));
  const model = new Model(graph, 17);
  model.irVersion = 8;
  return model;
}

const conv = (build: GraphBuilder, x: Value, attributes: Attributes = { pads: [1, 1, 1, 1] }, kernel = [3, 3]) =>
  build.op('Conv', [x, build.parameter('w', normal(4, 3, ...kernel)), build.parameter('b', normal(4))], attributes);
const HALF = { kernel_shape: [2, 2], strides: [2, 2] };

/** Runs the pass, and asserts that outputs stay. @returns spatial sizes of what the convolutions make, as inferred after it. */
async function trimmed(
  write: (build: GraphBuilder, x: Value) => void,
  sides: readonly number[] = [7, 9],
  feeds = sides,
): Promise<number[][]> {
  const model = modelOf(write, sides.length > 0 ? sides : undefined);
  const after = copyModel(model);
  const sizes = () => after.graph.nodes.filter(({ op }) => op === 'Conv').map(({ outputs }) => outputs[0]?.shape?.slice(2) as number[]);
  const before = sizes();
  const count = trimUnread(after.graph);
  assertWhole(after);
  const made = sizes();
  assert.equal(count, made.filter((size, i) => String(size) !== String(before[i])).length, 'what it says that it trimmed');
  const x = normal(2, 3, ...feeds);
  // Every value is an output once, so that declared sizes are held against what the runtime makes.
  const shown = copyModel(after);
  for (const node of shown.graph.nodes)
    for (const value of node.outputs) if (value && !shown.graph.outputs.includes(value)) shown.graph.outputs.push(value);
  const outputs = await outputsOf(runtime, shown, { x });
  for (const { name, shape } of shown.graph.outputs) {
    assert.deepEqual(
      shape?.slice(1).map((size, i) => (typeof size === 'number' ? size : outputs[name].shape[i + 1])),
      outputs[name].shape.slice(1),
      name,
    );
  }
  assertSame(await outputsOf(runtime, after, { x }), await outputsOf(runtime, model, { x }), 1e-6);
  return made;
}

test('a convolution makes no row or column that the pool behind it leaves over', async () => {
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x)], HALF), 'y')), [[6, 8]]);
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x)], HALF), 'y'), [7, 8]), [[6, 8]]);
  assert.deepEqual(
    await trimmed((build, x) => build.output(build.op('AveragePool', [conv(build, x)], { ...HALF, count_include_pad: 1 }), 'y')),
    [[6, 8]],
  );
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('LpPool', [conv(build, x)], HALF), 'y')), [[6, 8]]);
  const wide = { kernel_shape: [3, 3], strides: [3, 3] };
  // 8 rows are two windows and 2 more: one of them is as much as the padding is.
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x)], wide), 'y'), [8, 9]), [[7, 9]]);
  const both = { pads: [2, 2, 2, 2] };
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x, both, [5, 5])], wide), 'y'), [8, 9]), [
    [6, 9],
  ]);
  // With a row of padding before them, windows of 3 begin at -1, 1 and 3: they leave the last of 7 rows, and none of 8.
  const overlapping = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0] };
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x)], overlapping), 'y'), [7, 8]), [[6, 8]]);
});

test('convolutions of other strides, paddings and dilations, and strided ones as readers', async () => {
  const strided = { pads: [1, 1, 1, 1], strides: [2, 2] };
  // 5 rows, made from 9 with a stride of 2 and one row of padding behind: no whole row less without cutting into the image.
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x, strided)], HALF), 'y'), [9, 9]), [[5, 5]]);
  const deep = { pads: [2, 2, 2, 2], strides: [2, 2] };
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x, deep, [5, 5])], HALF), 'y'), [9, 9]), [
    [4, 4],
  ]);
  const dilated = { pads: [2, 2, 2, 2], dilations: [2, 2] };
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x, dilated)], HALF), 'y')), [[6, 8]]);
  for (const auto_pad of ['SAME_UPPER', 'SAME_LOWER']) {
    assert.deepEqual(
      await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x, { auto_pad })], HALF), 'y')),
      [[6, 8]],
      auto_pad,
    );
  }
  assert.deepEqual(await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x, {})], HALF), 'y'), [7, 9]), [[5, 7]]);
  const pointwise = (build: GraphBuilder, y: Value) => build.op('Conv', [y, build.parameter('v', normal(5, 4, 1, 1))], { strides: [2, 2] });
  assert.deepEqual(await trimmed((build, x) => build.output(pointwise(build, conv(build, x)), 'y'), [8, 9]), [
    [7, 9],
    [4, 5],
  ]);
});

test('what lies between position by position is passed', async () => {
  const norm = (build: GraphBuilder, x: Value) =>
    build.op('BatchNormalization', [x, ...[normal(4), normal(4), normal(4), positive(4)].map((tensor) => build.parameter('n', tensor))]);
  const through = (write: (build: GraphBuilder, made: Value) => Value) =>
    trimmed((build, x) => build.output(build.op('MaxPool', [write(build, conv(build, x))], HALF), 'y'));
  assert.deepEqual(await through((build, made) => build.op('Relu', [norm(build, made)])), [[6, 8]]);
  assert.deepEqual(await through((build, made) => build.op('Clip', [made, build.scalar(0), build.scalar(6)])), [[6, 8]]);
  assert.deepEqual(await through((build, made) => build.op('Add', [build.parameter('c', normal(4, 1, 1)), made])), [[6, 8]]);
  assert.deepEqual(await through((build, made) => build.op('Mul', [made, build.parameter('c', normal(1, 4, 1, 1))])), [[6, 8]]);
});

test('what something else reads, or what depends on positions, stays', async () => {
  const whole = [[7, 9]];
  const pooled = (build: GraphBuilder, x: Value) => build.output(build.op('MaxPool', [x], HALF), 'y');
  assert.deepEqual(
    await trimmed((build, x) => {
      const made = conv(build, x);
      pooled(build, made);
      build.output(build.op('Relu', [made]), 'z');
    }),
    whole,
    'another reader',
  );
  assert.deepEqual(
    await trimmed((build, x) => {
      const made = conv(build, x);
      pooled(build, made);
      build.output(made, 'z');
    }),
    whole,
    'an output',
  );
  assert.deepEqual(
    await trimmed((build, x) => pooled(build, build.op('Add', [conv(build, x), build.parameter('c', normal(7, 9))]))),
    whole,
    'a number for each position',
  );
  assert.deepEqual(
    await trimmed((build, x) =>
      pooled(build, build.op('Add', [conv(build, x), build.op('Slice', [x, build.ints([0]), build.ints([1]), build.ints([1])])])),
    ),
    whole,
    'another image',
  );
  assert.deepEqual(
    await trimmed((build, x) =>
      pooled(
        build,
        build.op('InstanceNormalization', [conv(build, x), build.parameter('s', positive(4)), build.parameter('t', normal(4))]),
      ),
    ),
    whole,
    'statistics of all positions',
  );
  assert.deepEqual(
    await trimmed((build, x) => pooled(build, build.op('Softmax', [conv(build, x)], { axis: 3 }))),
    whole,
    'shares of a row',
  );
  assert.deepEqual(
    await trimmed((build, x) => pooled(build, build.op('Bernoulli', [build.op('Sigmoid', [conv(build, x)])], { seed: floatAttribute(1) }))),
    whole,
    'numbers drawn for each position',
  );
  assert.deepEqual(
    await trimmed((build, x) => {
      const [y, indices] = build.node('MaxPool', [conv(build, x)], HALF, { outputs: 2 });
      build.output(y, 'y');
      build.output(indices, 'indices');
    }),
    whole,
    'indices count all positions',
  );
  assert.deepEqual(
    await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x)], { ...HALF, ceil_mode: 1 }), 'y')),
    whole,
    'windows that reach over the end',
  );
  assert.deepEqual(
    await trimmed((build, x) => build.output(build.op('MaxPool', [conv(build, x)], { ...HALF, auto_pad: 'SAME_UPPER' }), 'y')),
    whole,
    'padding by size',
  );
  assert.equal((await trimmed((build, x) => pooled(build, conv(build, x)), [], [7, 9])).length, 1, 'sizes that are not known');
});

test('simplify trims what is behind a normalization that it folds, and branches too', async () => {
  const model = modelOf(
    (build, x) => {
      const statistics = [positive(4), normal(4), normal(4), positive(4)].map((tensor) => build.parameter('n', tensor));
      const pooled = build.op('MaxPool', [conv(build, x)], HALF);
      build.output(build.op('Relu', [build.op('BatchNormalization', [pooled, ...statistics])]), 'y');
    },
    [7, 9],
  );
  const x = normal(2, 3, 7, 9);
  const after = await simplify(model, runtime);
  assert.deepEqual(
    after.graph.nodes.map(({ op }) => op),
    ['Conv', 'Relu', 'MaxPool'],
  );
  assert.deepEqual(after.graph.nodes[0].outputs[0]?.shape?.slice(1), [4, 6, 8]);
  assertSame(await outputsOf(runtime, after, { x }), await outputsOf(runtime, model, { x }), 1e-5);
});

test('a training step is that of the smaller convolution, and normalization by the batch still sees every row', async () => {
  const weights = [normal(4, 3, 3, 3), normal(4), normal(10, 48)];
  const network = (tail: number, between: (build: GraphBuilder, made: Value) => Value) =>
    modelOf(
      (build, x) => {
        const made = build.op('Conv', [x, build.parameter('w', weights[0]), build.parameter('b', weights[1])], {
          pads: [1, 1, tail, tail],
        });
        const pooled = build.op('MaxPool', [between(build, made)], HALF);
        const flat = build.op('Flatten', [pooled]);
        build.output(build.op('Gemm', [flat, build.parameter('v', weights[2])], { transB: 1 }), 'scores');
      },
      [7, 9],
    );
  const step = (model: Model) =>
    buildTrainingStep(model, { batchSize: 4, inputShapes: { x: [4, 3, 7, 9] }, loss: crossEntropy('scores'), optimizer: { kind: 'sgd' } });
  const sizeOf = (model: Model) => step(model).model.graph.nodes.find(({ op }) => op === 'Conv')?.outputs[0]?.shape;
  const relu = (build: GraphBuilder, made: Value) => build.op('Relu', [made]);
  assert.deepEqual(sizeOf(network(1, relu)), [4, 4, 6, 8]);
  const feeds = {
    x: normal(4, 3, 7, 9),
    'espalier.targets': Tensor.from(
      'float32',
      [4, 10],
      Array.from({ length: 40 }, (_, i) => Number(i % 11 === 0)),
    ),
    'espalier.rate': Tensor.scalar('float32', 0.1),
  };
  const [whole, smaller] = await Promise.all(
    [network(1, relu), network(0, relu)].map(async (model) => {
      const { model: written, state } = step(model);
      return outputsOf(runtime, written, { ...feeds, ...state });
    }),
  );
  assertSame(whole, smaller, 1e-6);
  const norm = (build: GraphBuilder, made: Value) =>
    build.op('BatchNormalization', [
      made,
      ...[positive(4), normal(4), normal(4), positive(4)].map((tensor) => build.parameter('n', tensor)),
    ]);
  assert.deepEqual(sizeOf(network(1, norm)), [4, 4, 7, 9]);
});
