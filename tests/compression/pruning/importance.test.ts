import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Random } from 'espalier/base';
import { findDependencies, findLayers, prune, pruneModel } from 'espalier/compression/pruning';
import { arrayDataset, classTargets } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, type Model, Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { classification, evaluate, type Task } from 'espalier/training';
import { measureImportance } from '#dist/compression/pruning/measures.js';
import { staticCopy } from '#dist/compression/pruning/prepare.js';
import { trainedDigits } from './digits.js';
import { modelOf } from './graphs.js';
import { run } from './removal.js';

let runtime: Runtime;
before(() => {
  runtime = createNodeRuntime();
});
after(() => runtime.dispose());

const [features, hidden, classes, samples] = [4, 5, 3, 8];

function points(shape: readonly number[]): { task: Task; x: Float32Array; labels: Int32Array } {
  const random = new Random(2);
  const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal());
  const labels = Int32Array.from({ length: shape[0] }, (_, i) => i % classes);
  const inputs = { x: { type: 'float32' as const, shape: [...shape], data: x } };
  const data = arrayDataset({ name: 'points', inputs, targets: classTargets(labels) });
  const task: Task = {
    ...classification({ output: 'y', classes: ['0', '1', '2'] }),
    name: 'points',
    splits: { train: data, calibration: data, validation: data, test: data },
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
  };
  return { task, x, labels };
}

async function scoresBy(measure: Parameters<typeof measureImportance>[0], model: Model, task: Task) {
  const work = staticCopy(model);
  const request = { model, task, runtime, threads: 1, seed: 0, batches: 4 };
  return measureImportance(measure, () => request, work, findLayers(findDependencies(work)));
}

test('importance by fisher is half the mean square of the slope of each sample, as worked out by hand for a perceptron', async () => {
  const { task, x, labels } = points([samples, features]);
  const model = modelOf([features], (l, value) => {
    const inner = l.relu(l.build.op('MatMul', [value, l.weight([features, hidden])]));
    return l.build.op('MatMul', [inner, l.weight([hidden, classes])]);
  });
  const { scores } = await scoresBy('fisher', model, task);
  const [first, second] = [...model.graph.initializers].map((value) => value.initializer?.numbers() ?? new Float64Array());
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const expected = new Float64Array(hidden);
  for (const n of range(samples)) {
    const sums = range(hidden).map((h) => range(features).reduce((sum, i) => sum + x[n * features + i] * first[i * hidden + h], 0));
    const powers = range(classes).map((c) => Math.exp(sums.reduce((sum, each, h) => sum + Math.max(0, each) * second[h * classes + c], 0)));
    const total = powers.reduce((a, b) => a + b);
    for (const h of range(hidden)) {
      const back = range(classes).reduce((sum, c) => sum + (powers[c] / total - Number(c === labels[n])) * second[h * classes + c], 0);
      // Both matrices see the same slope: relu(s) · dL/drelu(s) behind the rectifier, s · dL/ds before it.
      expected[h] += (2 * (Math.max(0, sums[h]) * back) ** 2) / (2 * samples);
    }
  }
  scores[0].forEach((score, h) => {
    assert.ok(Math.abs(score - expected[h]) < 1e-5 * Math.max(...expected), `${score}, not ${expected[h]}`);
  });
});

test('importance by batch normalization is the mean magnitude of its scales; without one, magnitude, and that is said', async () => {
  const { task } = points([samples, 3, 6, 6]);
  const normed = modelOf([3, 6, 6], (l, x) => l.conv(l.relu(l.norm(l.conv(x, 6, { bias: false }))), 3));
  const scales = [...normed.graph.nodes].find(({ op }) => op === 'BatchNormalization')?.inputs[1]?.constant?.numbers() ?? [];
  const { scores, remark } = await scoresBy('batch-norm', normed, task);
  assert.deepEqual([...scores[0]], Array.from(scales, Math.abs));
  assert.equal(remark, undefined);
  const plain = await scoresBy(
    'batch-norm',
    modelOf([3, 6, 6], (l, x) => l.conv(l.conv(x, 6), 3)),
    task,
  );
  assert.match(plain.remark ?? '', /No layer has a batch normalization/);
});

test('reconstruction lets a channel go that another can stand in for, and the outputs stay equal', async () => {
  const { task, x } = points([samples, 3, 6, 6]);
  const model = modelOf([3, 6, 6], (l, value) => l.head(l.relu(l.conv(l.relu(l.conv(value, 6)), 4))));
  const twin = copyModel(model);
  const [weight, bias] = [...twin.graph.initializers];
  // Channel 4 is twice channel 1.
  for (const value of [weight, bias]) {
    const tensor = value.initializer as Tensor;
    const numbers = tensor.numbers().slice();
    const size = tensor.size / 6;
    for (let i = 0; i < size; i++) numbers[4 * size + i] = 2 * numbers[size + i];
    value.initializer = Tensor.from('float32', tensor.shape, numbers);
  }
  const request = { model: twin, task, runtime, threads: 1, seed: 0, batches: 1 };
  const pruned = await pruneModel(twin, {
    keep: 0.83,
    multipleOf: 1,
    minChannels: 5,
    importance: (work, layers) => measureImportance('reconstruction', () => request, work, layers),
  });
  assert.deepEqual(
    pruned.layers.map(({ before, after }) => [before, after]),
    [
      [6, 5],
      [4, 4],
    ],
  );
  const feeds = { x: Tensor.of('float32', [samples, 3, 6, 6], x) };
  const [small, whole] = [(await run(pruned.model, feeds)).y.numbers(), (await run(twin, feeds)).y.numbers()];
  const scale = Math.max(...whole.map(Math.abs));
  small.forEach((number, i) => {
    assert.ok(Math.abs(number - whole[i]) < 0.01 * scale, `${number}, not ${whole[i]}`);
  });
});

test('without tuning, reconstruction keeps more of the accuracy than magnitude', async () => {
  const { model, task } = await trainedDigits(runtime);
  const quality = async (importance: 'magnitude' | 'reconstruction') => {
    const context = { model, task, runtime, threads: 1, seed: 3 };
    const { model: small } = await prune.apply(context, checkOptions(prune, { keep: 0.65, importance, tuning: 'none' }));
    return (await evaluate(small, task, runtime, { threads: 1 })).value;
  };
  const [magnitude, reconstruction] = [await quality('magnitude'), await quality('reconstruction')];
  assert.ok(reconstruction > magnitude + 0.1, `${reconstruction}, magnitude ${magnitude}`);
});
