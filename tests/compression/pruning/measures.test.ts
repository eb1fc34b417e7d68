import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { findDependencies, findLayers } from 'espalier/compression/pruning';
import { arrayDataset, classTargets } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { classification, type Task } from 'espalier/training';
import { sumBySlice } from '#dist/compression/pruning/importance.js';
import { findMasks } from '#dist/compression/pruning/masks.js';
import { staticCopy } from '#dist/compression/pruning/prepare.js';
import { sliceTensor } from '#dist/compression/pruning/shrink.js';
import { scheduledSparsity } from '#dist/compression/pruning/sparsify.js';
import { taylorImportance } from '#dist/compression/pruning/taylor.js';
import { modelOf } from './graphs.js';

const runtime = createNodeRuntime();
after(() => runtime.dispose());

test('importance by taylor is the sum of |gradient · weight|, as worked out by hand for a perceptron', async () => {
  const [features, hidden, classes, samples] = [4, 5, 3, 8];
  const model = modelOf([features], (l, x) => {
    const inner = l.relu(l.build.op('MatMul', [x, l.weight([features, hidden])]));
    return l.build.op('MatMul', [inner, l.weight([hidden, classes])]);
  });
  const random = new Random(2);
  const x = Float32Array.from({ length: samples * features }, () => random.normal());
  const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
  const data = arrayDataset({
    name: 'points',
    inputs: { x: { type: 'float32', shape: [samples, features], data: x } },
    targets: classTargets(labels),
  });
  const task: Task = {
    ...classification({ output: 'y', classes: ['0', '1', '2'] }),
    name: 'points',
    splits: { train: data, calibration: data, validation: data, test: data },
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
  };
  const layers = findLayers(findDependencies(staticCopy(model)));
  const { scores } = await taylorImportance({ model, task, runtime, threads: 1, seed: 0, batches: 4 }, layers);

  const [first, second] = [...model.graph.initializers].map((value) => value.initializer?.numbers() ?? new Float64Array());
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const slopes = { first: new Float64Array(first.length), second: new Float64Array(second.length) };
  for (const n of range(samples)) {
    const inner = range(hidden).map((h) =>
      Math.max(
        0,
        range(features).reduce((sum, i) => sum + x[n * features + i] * first[i * hidden + h], 0),
      ),
    );
    const powers = range(classes).map((c) => Math.exp(range(hidden).reduce((sum, h) => sum + inner[h] * second[h * classes + c], 0)));
    const total = powers.reduce((a, b) => a + b);
    const errors = powers.map((power, c) => (power / total - Number(c === labels[n])) / samples);
    for (const h of range(hidden)) {
      for (const c of range(classes)) slopes.second[h * classes + c] += inner[h] * errors[c];
      const back = inner[h] > 0 ? range(classes).reduce((sum, c) => sum + errors[c] * second[h * classes + c], 0) : 0;
      for (const i of range(features)) slopes.first[i * hidden + h] += x[n * features + i] * back;
    }
  }
  const expected = range(hidden).map(
    (h) =>
      range(features).reduce((sum, i) => sum + Math.abs(slopes.first[i * hidden + h] * first[i * hidden + h]), 0) +
      range(classes).reduce((sum, c) => sum + Math.abs(slopes.second[h * classes + c] * second[h * classes + c]), 0),
  );
  assert.equal(scores.length, 1);
  scores[0].forEach((score, h) => {
    assert.ok(Math.abs(score - expected[h]) < 1e-5 * Math.max(...expected), `${score}, not ${expected[h]}`);
  });
});

test('sums over slices, and slices of tensors of any width', () => {
  const numbers = Array.from({ length: 24 }, (_, i) => i);
  assert.deepEqual([...sumBySlice(numbers, [2, 3, 4], 1)], [60, 92, 124]);
  assert.deepEqual([...sumBySlice(numbers, [2, 3, 4], 0)], [66, 210]);
  for (const dtype of ['float32', 'int64', 'uint8', 'float16', 'int4'] as const) {
    const small = numbers.map((number) => number % 8);
    const sliced = sliceTensor(Tensor.from(dtype, [2, 3, 4], small), [undefined, [0, 2], [1, 3]]);
    assert.deepEqual(sliced.shape, [2, 2, 2]);
    assert.deepEqual(
      [...sliced.numbers()],
      [1, 3, 9, 11, 13, 15, 21, 23].map((place) => place % 8),
    );
  }
});

const layers = () => {
  const random = new Random(4);
  const draw = (shape: readonly number[], scale: number) =>
    Tensor.from(
      'float32',
      shape,
      Array.from({ length: shape[0] * shape[1] }, () => random.normal() * scale),
    );
  return new Map([
    ['wide', draw([20, 10], 0.1)],
    ['narrow', draw([5, 8], 1)],
    ['zero', Tensor.of('float32', [3, 4], new Float32Array(12))],
  ]);
};

test('masks take exactly the wanted number of weights, the lowest by their rank', () => {
  const weights = layers();
  for (const ranking of ['lamp', 'magnitude'] as const) {
    for (const sparsity of [0, 0.3, 0.77]) {
      const masks = findMasks(weights, { sparsity, ranking, minLayerDensity: 0 });
      const entries = [...weights].flatMap(([name, tensor]) => {
        const squares = tensor.numbers().map((number) => number * number);
        const keep = masks.get(name)?.numbers() ?? [];
        return Array.from(squares, (square, i) => {
          const rest = squares.reduce((sum, other) => sum + (other >= square ? other : 0), 0);
          return { kept: keep[i] === 1, rank: ranking === 'lamp' ? (rest > 0 ? square / rest : 0) : square };
        });
      });
      const gone = entries.filter(({ kept }) => !kept);
      assert.equal(gone.length, Math.round(sparsity * entries.length), `${ranking} ${sparsity}`);
      const highest = Math.max(0, ...gone.map(({ rank }) => rank));
      assert.ok(entries.every(({ kept, rank }) => !kept || rank >= highest * (1 - 1e-9) || rank === 0));
    }
  }
});

test('each layer keeps its least density', () => {
  const masks = findMasks(layers(), { sparsity: 0.9, ranking: 'magnitude', minLayerDensity: 0.2 });
  for (const mask of masks.values()) {
    const numbers = mask.numbers();
    assert.ok(numbers.reduce((sum, each) => sum + each, 0) >= 0.2 * numbers.length);
  }
});

test('sparsity follows the cubic schedule of Zhu and Gupta and ends at its goal', () => {
  const options = { sparsity: 0.8, begin: 0.1, end: 0.5 };
  assert.equal(scheduledSparsity(5, 101, options), undefined);
  assert.equal(scheduledSparsity(10, 101, options), 0);
  assert.ok(Math.abs((scheduledSparsity(30, 101, options) ?? 0) - 0.8 * (1 - 0.5 ** 3)) < 1e-12);
  assert.equal(scheduledSparsity(50, 101, options), 0.8);
  assert.equal(scheduledSparsity(51, 101, options), undefined);
  assert.equal(scheduledSparsity(0, 1, options), 0.8);
});
