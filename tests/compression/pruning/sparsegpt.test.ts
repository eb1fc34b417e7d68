import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cholesky, Random, solveByCholesky } from 'espalier/base';
import { sparsify } from 'espalier/compression/pruning';
import { arrayDataset } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type Model, Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { feedsOf, fidelity, type Task } from 'espalier/training';
import { openCopy } from '#dist/compression/open-copy.js';
import { withoutLeast } from '#dist/compression/pruning/sparsegpt.js';
import { matricesOf } from '#dist/compression/pruning/wanda.js';
import { modelOf } from './graphs.js';
import { run } from './removal.js';

let runtime: Runtime;
before(() => {
  runtime = createNodeRuntime({ threads: 1 });
});
after(() => runtime.dispose());

/** Samples whose numbers hang together, and the task to answer as the model does. */
function taskOf(model: Model, shape: readonly number[]): Task {
  const random = new Random(6);
  const width = shape.reduce((a, b) => a * b, 1);
  const directions = Array.from({ length: 6 }, () => Float32Array.from({ length: width }, () => random.normal()));
  const part = (count: number) => {
    const data = Float32Array.from({ length: count * width }, () => random.normal() / 5);
    for (let sample = 0; sample < count; sample++)
      for (const direction of directions) {
        const size = random.normal();
        for (let i = 0; i < width; i++) data[sample * width + i] += size * direction[i];
      }
    return arrayDataset({ name: 'mixtures', inputs: { x: { type: 'float32', shape: [count, ...shape], data } } });
  };
  return {
    ...fidelity({ reference: model, outputs: ['y'] }),
    name: 'mixtures',
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
    splits: { train: part(64), calibration: part(128), validation: part(32), test: part(64) },
  };
}

async function errorOf(model: Model, original: Model, task: Task): Promise<number> {
  const batch = await task.splits.test.read(Int32Array.from({ length: 64 }, (_, i) => i));
  const [{ y: found }, { y: wanted }] = [await run(model, feedsOf(task.feeds, batch)), await run(original, feedsOf(task.feeds, batch))];
  const [a, b] = [found.numbers(), wanted.numbers()];
  const sum = (of: (i: number) => number) => b.reduce((total, _, i) => total + of(i) ** 2, 0);
  return sum((i) => a[i] - b[i]) / sum((i) => b[i]);
}

test('weights that stay behind those that go are those of least squares', () => {
  const random = new Random(2);
  const [inputs, outputs] = [8, 3];
  const model = openCopy(modelOf([inputs], (l, x) => l.build.op('MatMul', [x, l.weight([inputs, outputs])])));
  const [matrix] = matricesOf(model).values();
  // The first four of each output are so small that they go.
  const numbers = Float32Array.from({ length: inputs * outputs }, (_, i) => random.normal() * (i < 4 * outputs ? 0.01 : 1));
  const weight = Tensor.of('float32', [inputs, outputs], numbers);
  const samples = Array.from({ length: 30 }, () => Array.from({ length: inputs }, () => random.normal() + 0.5));
  const curvature = Float64Array.from({ length: inputs ** 2 }, (_, i) =>
    samples.reduce((sum, x) => sum + x[Math.floor(i / inputs)] * x[i % inputs], 0),
  );
  const made = withoutLeast(weight, matrix, curvature, { sparsity: 0.5, pattern: 'unstructured' })?.numbers();
  assert.ok(made);
  const damped = curvature.slice();
  const mean = Array.from({ length: inputs }, (_, i) => curvature[i * inputs + i]).reduce((a, b) => a + b, 0) / inputs;
  for (let i = 0; i < inputs; i++) damped[i * inputs + i] += 0.01 * mean;
  const part = Float64Array.from({ length: 16 }, (_, i) => damped[(4 + Math.floor(i / 4)) * inputs + 4 + (i % 4)]);
  const lower = cholesky(part, 4);
  assert.ok(lower);
  for (let output = 0; output < outputs; output++) {
    const wanted = Float64Array.from({ length: 4 }, (_, row) => {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += damped[(4 + row) * inputs + i] * numbers[i * outputs + output];
      return sum;
    });
    const solved = solveByCholesky(lower, wanted);
    for (let i = 0; i < inputs; i++) {
      const right = i < 4 ? 0 : solved[i - 4];
      assert.ok(
        Math.abs(made[i * outputs + output] - right) < 1e-5,
        `${i} of output ${output}: ${made[i * outputs + output]}, not ${right}`,
      );
    }
  }
});

const net = (groups: number) =>
  modelOf([8, 6, 6], (l, x) => {
    const features = l.relu(l.conv(l.relu(l.conv(l.relu(l.conv(x, 16)), 16, { group: groups })), 12));
    return l.dense(l.build.op('Flatten', [features]), 10);
  });

for (const given of [{ sparsity: 0.5 }, { sparsity: 0.7 }, { pattern: '2:4' as const }]) {
  test(`${JSON.stringify(given)}: as many zeros as by wanda, and outputs nearer to the original's`, async () => {
    const model = net(1);
    const task = taskOf(model, [8, 6, 6]);
    const by = async (importance: 'magnitude' | 'wanda' | 'sparsegpt') => {
      const options = checkOptions(sparsify, { tuning: 'none', importance, ...given });
      const { model: made, notes } = await sparsify.apply({ model, task, runtime, seed: 1, threads: 1 }, options);
      return { error: await errorOf(made, model, task), zeros: notes.facts?.sparsity as number, remarks: notes.remarks ?? [] };
    };
    const [magnitude, wanda, solved] = [await by('magnitude'), await by('wanda'), await by('sparsegpt')];
    assert.ok(Math.abs(solved.zeros - wanda.zeros) < 0.01, `${solved.zeros} and ${wanda.zeros}`);
    assert.ok(
      solved.error < 0.8 * Math.min(wanda.error, magnitude.error),
      `${solved.error}, wanda ${wanda.error}, magnitude ${magnitude.error}`,
    );
    assert.doesNotMatch(solved.remarks.join(' '), /rather than/);
  });
}

test('a grouped convolution gets its zeros by magnitude, and that is said', async () => {
  const model = net(4);
  const options = checkOptions(sparsify, { tuning: 'none', importance: 'sparsegpt', sparsity: 0.5 });
  const { notes } = await sparsify.apply({ model, task: taskOf(model, [8, 6, 6]), runtime, seed: 1, threads: 1 }, options);
  assert.match(notes.remarks?.join(' ') ?? '', /Zeros by magnitude rather than sparsegpt, for being grouped.*: w3\./);
  assert.ok(Math.abs((notes.facts?.sparsity as number) - 0.5) < 0.01);
});

test('2:4 has two zeros among every four channels at a tap; tuning leaves zeros where they are', async () => {
  const model = modelOf([8, 5, 5], (l, x) => l.dense(l.build.op('Flatten', [l.relu(l.conv(x, 8))]), 4));
  const task = taskOf(model, [8, 5, 5]);
  const options = { importance: 'sparsegpt', pattern: '2:4' };
  const context = { model, task, runtime, seed: 1, threads: 1 };
  const at = async (more: object) => (await sparsify.apply(context, checkOptions(sparsify, { ...options, ...more }))).model;
  const kernelOf = (made: Model) =>
    [...made.graph.initializers].find(({ initializer }) => initializer?.shape.length === 4)?.initializer?.numbers() ?? new Float64Array();
  const [plain, tuned] = [kernelOf(await at({ tuning: 'none' })), kernelOf(await at({ tuning: 'train', epochs: 2 }))];
  assert.equal(plain.length, 8 * 8 * 9);
  for (let output = 0; output < 8; output++)
    for (let tap = 0; tap < 9; tap++)
      for (const first of [0, 4]) {
        const zeros = [0, 1, 2, 3].filter((c) => plain[(output * 8 + first + c) * 9 + tap] === 0);
        assert.equal(zeros.length, 2);
      }
  plain.forEach((number, i) => {
    assert.equal(tuned[i] === 0, number === 0);
  });
  assert.ok(plain.some((number, i) => number !== tuned[i]));
});

for (const begin of [0, 0.5])
  test(`tuned from ${begin} of the way on, the zeros that were solved for stay`, async () => {
    const model = net(1);
    const options = checkOptions(sparsify, { importance: 'sparsegpt', sparsity: 0.6, begin, epochs: 4, learningRate: 0.01 });
    const { model: made, notes } = await sparsify.apply({ model, task: taskOf(model, [8, 6, 6]), runtime, seed: 1, threads: 1 }, options);
    const untuned = checkOptions(sparsify, { importance: 'sparsegpt', sparsity: 0.6, tuning: 'none' });
    const { model: solved } = await sparsify.apply({ model, task: taskOf(model, [8, 6, 6]), runtime, seed: 1, threads: 1 }, untuned);
    assert.ok(Math.abs((notes.facts?.sparsity as number) - 0.6) < 0.01, String(notes.facts?.sparsity));
    const zerosOf = (of: Model) =>
      [...of.graph.initializers].flatMap(({ initializer }) =>
        initializer?.dtype === 'float32' && initializer.shape.length > 1
          ? [[...initializer.toFloat32()].map((number) => number === 0)]
          : [],
      );
    assert.deepEqual(zerosOf(made), zerosOf(solved));
  });
