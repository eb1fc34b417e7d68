import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quantizeStatic } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type GraphBuilder, Tensor, type Value } from 'espalier/onnx';
import { feedsOf } from 'espalier/training';
import { madeModel, noiseOf, taskOf, type Weights } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const borders = [0, 0, 1, 1, 0, 0, 1, 1];
const resize = (build: GraphBuilder, a: Value, mode: string) =>
  build.op('Resize', [a, undefined, build.constant(Tensor.from('float32', [4], [1, 1, 2, 2]))], { mode });

/** What may stand between two convolutions, on [N, 4, 8, 8]. */
const between: Record<string, (build: GraphBuilder, a: Value, weights: Weights) => Value> = {
  'cubic resize': (build, a) => resize(build, a, 'cubic'),
  'linear resize': (build, a) => resize(build, a, 'linear'),
  'reflected border': (build, a) => build.op('Pad', [a, build.ints(borders)], { mode: 'reflect' }),
  'border of zeros': (build, a) => build.op('Pad', [a, build.ints(borders)]),
  'border of another number': (build, a) => build.op('Pad', [a, build.ints(borders), build.scalar(-3)]),
  tile: (build, a) => build.op('Tile', [a, build.ints([1, 1, 2, 1])]),
  'channels picked': (build, a) => build.op('Gather', [a, build.ints([2, 0, 1, 3])], { axis: 1 }),
  'depth to space and back': (build, a) => build.op('SpaceToDepth', [build.op('DepthToSpace', [a], { blocksize: 2 })], { blocksize: 2 }),
  'an axis more and less': (build, a) => build.op('Squeeze', [build.op('Unsqueeze', [a, build.ints([2])]), build.ints([2])]),
  'largest of each channel': (build, a) => build.op('GlobalMaxPool', [a]),
  'leaky Relu': (build, a) => build.op('LeakyRelu', [a], { alpha: 0.1 }),
  'a choice': (build, a) => build.op('Where', [build.op('Greater', [a, build.scalar(1)]), a, build.scalar(0.5)]),
  'a float operator': (build, a, weights) => build.op('InstanceNormalization', [a, weights([4]), weights([4])]),
  'half precision': (build, a) => build.op('Cast', [build.op('Cast', [a], { to: 10 })], { to: 1 }),
  'one factor for each channel': (build, a, weights) => build.op('Mul', [a, weights([4, 1, 1])]),
  'a value and its Relu': (build, a) => build.op('Add', [a, build.op('Relu', [a])]),
  'average with borders counted': (build, a) =>
    build.op('AveragePool', [a], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  'average of windows that do not fit': (build, a) => build.op('AveragePool', [a], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  'a lower bound only': (build, a) => build.op('Clip', [a, build.scalar(-0.5)]),
  'a pool with indices': (build, a) => build.node('MaxPool', [a], { kernel_shape: [2, 2] }, { outputs: 2 })[0],
  'shuffled channels': (build, a) => {
    const grouped = build.op('Reshape', [a, build.ints([0, 2, 2, 8, 8])]);
    return build.op('Reshape', [build.op('Transpose', [grouped], { perm: [0, 2, 1, 3, 4] }), build.ints([0, 4, 8, 8])]);
  },
};

test('whatever stands between two convolutions, both run on integers and the outputs stay', async () => {
  for (const [name, write] of Object.entries(between)) {
    const shape = [3, 8, 8];
    const model = madeModel(
      shape,
      (build, x, weights) => {
        const a = build.op('Conv', [x, weights([4, 3, 3, 3])], { pads: [1, 1, 1, 1] });
        return build.op('Conv', [write(build, a, weights), weights([2, 4, 1, 1])]);
      },
      18,
    );
    const task = taskOf(model, shape);
    const { model: small } = await quantizeStatic(model, task, runtime, { calibration: 'min-max' });
    const noise = await noiseOf(small, task, runtime, 'calibration');
    assert.ok(noise < 0.003, `${name}: 1 - R² is ${noise}`);
    const program = await runtime.compile(small, { profile: true });
    await program.run(feedsOf(task.feeds, await task.splits.test.read(Int32Array.of(0, 1))));
    const ran = (await program.profile()).map((timing) => timing.op);
    await program.dispose();
    assert.equal(ran.filter((op) => op === 'QLinearConv').length, 2, `${name}: ${ran}`);
  }
});
