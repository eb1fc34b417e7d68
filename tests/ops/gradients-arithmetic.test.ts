import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addGradients } from 'espalier/autodiff';
import { Random, UnsupportedError } from 'espalier/base';
import { type AttributeLike, floatAttribute, type GraphBuilder, removeDeadCode, staticShape, Tensor, type Value } from 'espalier/onnx';
import { normalTensors } from '../support/tensors.js';
import { builder, run } from './onnxruntime.js';

const OPSETS = new Map([
  ['', 22],
  ['com.microsoft', 1],
]);

const random = new Random(5);
const normal = normalTensors(random);

/** Runs an operator and its gradient: outputs y and d_<input>, for upstream gradient g. */
async function differentiate(
  inputs: Readonly<Record<string, Tensor>>,
  write: (build: GraphBuilder, inputs: readonly Value[]) => Value,
  upstream?: Tensor,
) {
  const build = builder();
  const values = Object.entries(inputs).map(([name, tensor]) => build.input(name, tensor.dtype, tensor.shape));
  const y = write(build, values);
  const g = build.input('g', 'float32', y.shape ?? []);
  const gradient = upstream ?? normal(...(staticShape(y.shape) ?? []));
  const found = addGradients({ build, opsets: OPSETS, from: new Map([[y, g]]), to: values });
  build.output(y, 'y');
  for (const [value, made] of found) build.output(made, `d_${value.name}`);
  return { g: gradient, ...(await run(build, { ...inputs, g: gradient })) } as Record<string, Tensor>;
}

const dot = (a: Tensor, b: Tensor) => a.toFloat32().reduce((sum, value, index) => sum + value * b.toFloat32()[index], 0);

/** For a linear operator A: <A x, g> = <x, Aᵀ g>. */
async function isAdjoint(shape: readonly number[], write: (build: GraphBuilder, x: Value) => Value): Promise<void> {
  const x = normal(...shape);
  const { y, g, d_x } = await differentiate({ x }, (build, [value]) => write(build, value));
  assert.deepEqual(d_x.shape, x.shape);
  const [forward, backward] = [dot(y, g), dot(x, d_x)];
  assert.ok(Math.abs(forward - backward) < 1e-3 * Math.max(1, Math.abs(forward)), `${forward} is not ${backward}`);
}

const close = (got: Tensor, expected: readonly number[]) =>
  expected.forEach((value, index) => {
    assert.ok(Math.abs(got.toFloat32()[index] - value) < 1e-5, `${Array.from(got.toFloat32())} is not ${expected}`);
  });

test('Fourier transforms: the gradient is the adjoint, for every form', async () => {
  const dft = (attributes: Record<string, AttributeLike>, length?: number, axis?: number) => (build: GraphBuilder, x: Value) =>
    build.op(
      'DFT',
      [x, length === undefined ? undefined : build.scalar(length, 'int64'), axis === undefined ? undefined : build.scalar(axis, 'int64')],
      attributes,
    );
  for (const parts of [1, 2]) {
    await isAdjoint([2, 8, parts], dft({}));
    await isAdjoint([2, 8, parts], dft({ inverse: 1 }));
    await isAdjoint([2, 7, parts], dft({}));
    await isAdjoint([3, 8, 2, parts], dft({}, 8, 1));
    await isAdjoint([2, 8, parts], dft({}, 12));
    await isAdjoint([2, 8, parts], dft({}, 4));
  }
  await isAdjoint([2, 8, 1], dft({ onesided: 1 }));
  await isAdjoint([2, 7, 1], dft({ onesided: 1 }));
  await isAdjoint([2, 5, 2], dft({ onesided: 1, inverse: 1 }));
  await isAdjoint([2, 5, 2], dft({ onesided: 1, inverse: 1 }, 9));
});

test('short-time Fourier transform: the gradient is the adjoint, with and without a window', async () => {
  const stft = (onesided: number, window: boolean) => (build: GraphBuilder, x: Value) =>
    build.op(
      'STFT',
      [
        x,
        build.scalar(4, 'int64'),
        window ? build.constant(Tensor.from('float32', [8], [1, 2, 3, 4, 4, 3, 2, 1])) : undefined,
        build.scalar(8, 'int64'),
      ],
      { onesided },
    );
  for (const onesided of [0, 1]) for (const window of [false, true]) await isAdjoint([2, 23, 1], stft(onesided, window));
});

test('TopK gives the gradients back to where the values came from', async () => {
  const x = Tensor.from('float32', [2, 3], [3, 1, 2, 5, 6, 4]);
  const g = Tensor.from('float32', [2, 2], [10, 20, 30, 40]);
  const { d_x } = await differentiate({ x }, (build, [value]) => build.node('TopK', [value, build.ints([2])], {}, { outputs: 2 })[0], g);
  close(d_x, [10, 0, 20, 40, 30, 0]);
});

test('learned clipping bounds collect the gradients of what they clip', async () => {
  const inputs = { x: Tensor.from('float32', [5], [-2, -1, 0, 3, 4]), lo: Tensor.scalar('float32', -1), hi: Tensor.scalar('float32', 2) };
  const g = Tensor.from('float32', [5], [1, 2, 4, 8, 16]);
  const { d_x, d_lo, d_hi } = await differentiate(inputs, (build, values) => build.op('Clip', values), g);
  close(d_x, [0, 2, 4, 0, 0]);
  close(d_lo, [1]);
  close(d_hi, [24]);
});

test('Mod and its remainder of the divisor', async () => {
  const inputs = { a: Tensor.from('float32', [3], [5.3, -5.3, 1.2]), b: Tensor.from('float32', [3], [2, 2, 3]) };
  const g = Tensor.from('float32', [3], [1, 1, 1]);
  const { d_a, d_b } = await differentiate(inputs, (build, values) => build.op('Mod', values, { fmod: 1 }), g);
  close(d_a, [1, 1, 1]);
  close(d_b, [-2, 2, 0]);
});

test('three inputs that tie for the maximum share its gradient', async () => {
  const inputs = { a: Tensor.from('float32', [2], [1, 5]), b: Tensor.from('float32', [2], [1, 5]), c: Tensor.from('float32', [2], [1, 2]) };
  const g = Tensor.from('float32', [2], [6, 6]);
  const { d_a, d_b, d_c } = await differentiate(inputs, (build, values) => build.op('Max', values), g);
  close(d_a, [2, 3]);
  close(d_b, [2, 3]);
  close(d_c, [2, 0]);
});

test("ONNX Runtime's activations have the gradients of the standard's", async () => {
  const x = normal(4, 3);
  const bias = normal(3);
  const g = normal(4, 3);
  const standard = await differentiate({ x, bias }, (build, [a, b]) => build.op('Gelu', [build.op('Add', [a, b])]), g);
  const fused = await differentiate({ x, bias }, (build, inputs) => build.op('BiasGelu', inputs, {}, 'com.microsoft'), g);
  for (const name of ['y', 'd_x', 'd_bias']) close(fused[name], Array.from(standard[name].toFloat32()));
  const tanh = await differentiate({ x }, (build, inputs) => build.op('Gelu', inputs, { approximate: 'tanh' }), g);
  const fast = await differentiate({ x }, (build, inputs) => build.op('FastGelu', inputs, {}, 'com.microsoft'), g);
  for (const name of ['y', 'd_x']) close(fast[name], Array.from(tanh[name].toFloat32()));
  const swish = (build: GraphBuilder, [a]: readonly Value[]) =>
    build.op('Mul', [a, build.op('Sigmoid', [build.op('Mul', [a, build.scalar(1.5)])])]);
  const spelled = await differentiate({ x }, swish, g);
  const quick = await differentiate(
    { x },
    (build, inputs) => build.op('QuickGelu', inputs, { alpha: floatAttribute(1.5) }, 'com.microsoft'),
    g,
  );
  for (const name of ['y', 'd_x']) close(quick[name], Array.from(spelled[name].toFloat32()));
});

test('SwiGLU, which runtimes do not have yet: its gradients are those of its definition', async () => {
  const [a, b, g] = [normal(4, 3), normal(4, 3), normal(4, 3)];
  const spelled = await differentiate(
    { a, b },
    (build, [gate, linear]) =>
      build.op('Mul', [build.op('Mul', [gate, build.op('Sigmoid', [build.op('Mul', [gate, build.scalar(1.5)])])]), linear]),
    g,
  );
  const build = builder();
  const values = ['a', 'b', 'g'].map((name) => build.input(name, 'float32', [4, 3]));
  const y = build.op('SwiGLU', values.slice(0, 2), { alpha: 1.5 });
  const found = addGradients({ build, opsets: OPSETS, from: new Map([[y, values[2]]]), to: values.slice(0, 2) });
  for (const [value, made] of found) build.output(made, `d_${value.name}`);
  removeDeadCode(build.graph);
  const results = await run(build, { a, b, g });
  for (const name of ['d_a', 'd_b']) close(results[name], Array.from(spelled[name].toFloat32()));
});

test('what has no gradient says why', () => {
  const refused = (op: string, x: readonly number[], inputs: (build: GraphBuilder) => Value[] = () => []) => {
    const build = builder();
    const value = build.input('x', 'float32', x);
    const y = build.op(op, [value, ...inputs(build)]);
    return () => addGradients({ build, opsets: OPSETS, from: new Map([[y, build.input('g', 'float32', y.shape ?? [])]]), to: [value] });
  };
  assert.throws(refused('Det', [3, 3]), UnsupportedError);
  assert.throws(refused('Bernoulli', [3]), UnsupportedError);
  assert.throws(
    refused('CumProd', [3], (build) => [build.scalar(0, 'int64')]),
    /running product/,
  );
});
