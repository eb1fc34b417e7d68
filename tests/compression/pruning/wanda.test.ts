import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Random } from 'espalier/base';
import { sparsify } from 'espalier/compression/pruning';
import { arrayDataset, classTargets } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { Model } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { classification, type Task } from 'espalier/training';
import { openCopy } from '#dist/compression/open-copy.js';
import { inputNorms, maskByRows, matricesOf } from '#dist/compression/pruning/wanda.js';
import { modelOf } from './graphs.js';

let runtime: Runtime;
before(() => {
  runtime = createNodeRuntime();
});
after(() => runtime.dispose());

/** Samples whose channels differ in size, and a task over them. */
function pointsOf(shape: number[]): { task: Task; x: Float32Array } {
  const random = new Random(4);
  const inner = shape.slice(2).reduce((a, b) => a * b, 1);
  const length = shape.reduce((a, b) => a * b);
  const x = Float32Array.from({ length }, (_, i) => random.normal() * 3 ** (Math.floor(i / inner) % shape[1]));
  const targets = classTargets(Int32Array.from({ length: shape[0] }, (_, i) => i % 3));
  const data = arrayDataset({ name: 'points', inputs: { x: { type: 'float32' as const, shape, data: x } }, targets });
  const task: Task = {
    ...classification({ output: 'y', classes: ['0', '1', '2'] }),
    name: 'points',
    splits: { train: data, calibration: data, validation: data, test: data },
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
  };
  return { task, x };
}

async function firstMask(model: Model, task: Task, options: { sparsity: number; pattern: 'unstructured' | '2:4' }) {
  const open = openCopy(model);
  const matrices = matricesOf(open);
  const norms = await inputNorms({ model: open, task, runtime, threads: 1 }, matrices);
  const [[name, matrix]] = matrices;
  const weight = [...open.graph.initializers].find((value) => value.name === name)?.initializer;
  assert.ok(weight);
  const own = norms.get(name) ?? new Float64Array();
  return {
    weight: weight.numbers(),
    shape: weight.shape,
    norms: own,
    mask: maskByRows(weight, matrix, { ...options, norms: own }).numbers(),
  };
}

test('wanda takes the weights of least |weight| · norm from each output of a product, as worked out by hand', async () => {
  const [samples, inputs, outputs] = [40, 6, 5];
  const { task, x } = pointsOf([samples, inputs]);
  const model = modelOf([inputs], (l, value) => l.build.op('MatMul', [value, l.weight([inputs, outputs])]));
  const { weight, mask, norms } = await firstMask(model, task, { sparsity: 0.5, pattern: 'unstructured' });
  for (let output = 0; output < outputs; output++) {
    const scores = Array.from({ length: inputs }, (_, i) => {
      let squares = 0;
      for (let n = 0; n < samples; n++) squares += x[n * inputs + i] ** 2;
      assert.ok(Math.abs(norms[i] - Math.sqrt(squares)) < 1e-4 * norms[i]);
      return Math.abs(weight[i * outputs + output]) * Math.sqrt(squares);
    });
    const limit = scores.slice().sort((a, b) => a - b)[inputs / 2];
    scores.forEach((score, i) => {
      assert.equal(mask[i * outputs + output], score < limit ? 0 : 1);
    });
  }
});

test('2:4 leaves the two of every four channels that count most at each tap, of each group of a convolution', async () => {
  const { task } = pointsOf([12, 8, 5, 5]);
  const model = modelOf([8, 5, 5], (l, x) => l.head(l.conv(x, 6, { group: 2 })));
  const { weight, mask, norms } = await firstMask(model, task, { sparsity: 0.5, pattern: '2:4' });
  for (let output = 0; output < 6; output++) {
    for (let tap = 0; tap < 9; tap++) {
      const scores = [0, 1, 2, 3].map((c) => Math.abs(weight[(output * 4 + c) * 9 + tap]) * norms[(output < 3 ? 0 : 4) + c]);
      const limit = scores.slice().sort((a, b) => b - a)[1];
      assert.deepEqual(
        [0, 1, 2, 3].map((c) => mask[(output * 4 + c) * 9 + tap]),
        scores.map((score) => Number(score >= limit)),
      );
    }
  }
});

test('sparsify by wanda and 2:4 reaches its zeros, without training and with it', async () => {
  const { task } = pointsOf([60, 8, 5, 5]);
  const model = modelOf([8, 5, 5], (l, x) => l.dense(l.build.op('Flatten', [l.relu(l.conv(x, 8))]), 3));
  const context = { model, task, runtime, threads: 1, seed: 3 };
  const zerosOf = async (options: object) =>
    (await sparsify.apply(context, checkOptions(sparsify, { tuning: 'none', importance: 'wanda', ...options }))).notes.facts
      ?.sparsity as number;
  assert.ok(Math.abs((await zerosOf({ sparsity: 0.6 })) - 0.6) < 0.02);
  assert.equal(await zerosOf({ pattern: '2:4' }), 0.5);
  assert.equal(await zerosOf({ pattern: '2:4', importance: 'magnitude', tuning: 'train', epochs: 2 }), 0.5);
});

test('a sparsity that the pattern 2:4 does not have is spoken of', async () => {
  const model = modelOf([16], (l, x) => l.dense(x, 8));
  const said = async (sparsity: number) => {
    const options = checkOptions(sparsify, { sparsity, pattern: '2:4', tuning: 'none' });
    const { notes } = await sparsify.apply({ model, runtime, seed: 0 }, options);
    return notes.remarks?.join('\n') ?? '';
  };
  assert.match(await said(0.7), /^The pattern 2:4 makes half of the weights zero: a sparsity of 70% does not count beside it\.$/m);
  assert.doesNotMatch(await said(0.5), /pattern 2:4/);
});
