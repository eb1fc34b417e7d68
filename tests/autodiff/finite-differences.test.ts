import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addGradients, prepare } from 'espalier/autodiff';
import { Random, sizeOf } from 'espalier/base';
import { encodeModel, Graph, Model, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { openSession, runSession } from './sessions.js';

type Feeds = Record<string, Tensor>;

/** Central differences in float32 are only this good, in parts of the sum of the gradient's magnitudes. */
const TOLERANCE = 5e-3;
const STEP = 1 / 64;

function normal(shape: readonly number[], seed: string, size: number): Tensor {
  const random = new Random(seed);
  const draw = () => random.normal() * size;
  return Tensor.from('float32', shape, Float32Array.from({ length: sizeOf(shape) }, draw));
}

/** Compares the gradient of sum(y · dy) by every float input with central differences along a random direction of it. */
async function check(model: Model, feeds: Feeds): Promise<void> {
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
  const { model: ready, build, value } = prepare(model, { inputShapes: shapes });
  const y = value('y');
  const upstream = normal(y.shape as number[], 'upstream', 1);
  const names = Object.keys(feeds).filter((name) => feeds[name].dtype === 'float32');
  const gradients = addGradients({ build, opsets: ready.opsets, from: new Map([[y, build.constant(upstream)]]), to: names.map(value) });
  for (const name of names) build.output(gradients.get(value(name)) as Value, `gradient of ${name}`);
  const session = await openSession(new Uint8Array(encodeModel(ready)));
  try {
    const results = await runSession(session, feeds);
    for (const name of names) {
      const random = new Random(name);
      const direction = Array.from({ length: feeds[name].size }, () => (random.uniform() < 0.5 ? -1 : 1));
      const loss = async (step: number) => {
        const moved = feeds[name].numbers().map((x, i) => x + step * direction[i]);
        const { y } = await runSession(session, { ...feeds, [name]: Tensor.from('float32', feeds[name].shape, moved) });
        const weights = upstream.numbers();
        return y.numbers().reduce((sum, value, i) => sum + value * weights[i], 0);
      };
      const slope = async (step: number) => ((await loss(step)) - (await loss(-step))) / (2 * step);
      const measured = (4 * (await slope(STEP)) - (await slope(2 * STEP))) / 3;
      const gradient = results[`gradient of ${name}`].numbers();
      const projected = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
      const scale = gradient.reduce((sum, g) => sum + Math.abs(g), 0);
      const allowed = TOLERANCE * scale + 1e-4;
      assert.ok(Math.abs(measured - projected) <= allowed, `${name}: measured ${measured}, by the gradient ${projected}`);
      assert.ok(scale > 0, `${name}: no gradient arrives`);
    }
  } finally {
    await session.release();
  }
}

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
const [T, N, D, H] = [3, 2, 3, 2];

function recurrentModel(op: keyof typeof GATES, attributes: Record<string, unknown>): Model {
  const model = new Model(new Graph('recurrent'), 21);
  const build = typedBuilder(model.graph, model.opsets);
  const rows = GATES[op] * H;
  const inputs = [
    build.input('x', 'float32', [T, N, D]),
    build.input('w', 'float32', [1, rows, D]),
    build.input('r', 'float32', [1, rows, H]),
    build.input('b', 'float32', [1, 2 * rows]),
  ];
  const [y] = build.node(op, inputs, { hidden_size: H, ...attributes } as never, { outputs: 1 });
  build.output(y, 'y');
  return model;
}

/** Activations of a cell with their parameters, in the order in which they are listed. */
const activations: Record<string, { names: Record<keyof typeof GATES, string[]>; alpha?: number[]; beta?: number[]; size?: number }> = {
  'hard sigmoids as Keras has them': { names: all('HardSigmoid', 'Tanh'), size: 0.4 },
  'hard sigmoids with parameters': { names: all('HardSigmoid', 'Softsign'), alpha: [0.25], beta: [0.4], size: 0.3 },
  'scaled tanh': { names: all('Sigmoid', 'ScaledTanh'), alpha: [1.7, 0.8], beta: [0.6, 0.5] },
  'elu and softplus': { names: { LSTM: ['Sigmoid', 'Elu', 'Softplus'], GRU: ['Sigmoid', 'Elu'], RNN: ['Softplus'] }, alpha: [1] },
  'leaky relu': { names: all('Sigmoid', 'LeakyRelu'), alpha: [0.3, 0.2] },
  affine: { names: all('Sigmoid', 'Affine'), alpha: [0.6, 0.5], beta: [0.1, -0.1] },
};

function all(gate: string, squash: string) {
  return { LSTM: [gate, squash, squash], GRU: [gate, squash], RNN: [squash] };
}

for (const [name, { names, alpha, beta, size = 0.5 }] of Object.entries(activations)) {
  for (const op of ['LSTM', 'GRU', 'RNN'] as const) {
    test(`${op} with ${name}`, async () => {
      const floats = (values: readonly number[] | undefined) => values && { type: 'floats', value: values };
      const takers = (values?: readonly number[]) => {
        const count = names[op].filter((each) => /HardSigmoid|ScaledTanh|Elu|LeakyRelu|Affine/.test(each)).length;
        return floats(values?.slice(0, count));
      };
      const attributes = { activations: names[op], activation_alpha: takers(alpha), activation_beta: takers(beta) };
      const rows = GATES[op] * H;
      const feeds = {
        x: normal([T, N, D], `${name} x`, size),
        w: normal([1, rows, D], `${name} w`, size),
        r: normal([1, rows, H], `${name} r`, size),
        b: normal([1, 2 * rows], `${name} b`, size / 2),
      };
      await check(recurrentModel(op, attributes), feeds);
    });
  }
}

test('OneHot: its two values get what arrives where each stands', async () => {
  const model = new Model(new Graph('hot'), 21);
  const build = typedBuilder(model.graph, model.opsets);
  const indices = build.input('indices', 'int64', [3, 2]);
  const values = build.input('values', 'float32', [2]);
  build.output(build.op('OneHot', [indices, build.scalar(4, 'int64'), values], { axis: 1 }), 'y');
  await check(model, { indices: Tensor.from('int64', [3, 2], [0, 3, -1, 2, 1, 9]), values: Tensor.from('float32', [2], [0.2, 0.9]) });
});
