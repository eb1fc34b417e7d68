import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fastCnn, surveyCnn } from 'espalier/architectures';
import { Random, UnsupportedError } from 'espalier/base';
import { arrayDataset, classTargets, type Dataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { whiten } from 'espalier/learning/initialization';
import { createTask } from 'espalier/modalities';
import type { Model, Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { feedsOf, type Task, train } from 'espalier/training';
import { smallMlp } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Images [12, 12, 3] whose neighbouring pixels and channels are alike, as those of photos are. */
function smoothImages(count: number): Dataset {
  const random = new Random('smooth');
  const side = 12;
  const data = new Uint8Array(count * side * side * 3);
  for (let image = 0; image < count; image++) {
    const [dx, dy, level] = [random.normal(), random.normal(), 128 + 30 * random.normal()];
    for (let at = 0; at < side * side; at++) {
      const shade = level + 5 * dx * (at % side) + 5 * dy * Math.floor(at / side) + 8 * random.normal();
      for (let c = 0; c < 3; c++)
        data[(image * side * side + at) * 3 + c] = Math.max(0, Math.min(255, Math.round(shade + 6 * random.normal())));
    }
  }
  return arrayDataset({
    name: 'smooth',
    inputs: { image: { type: 'uint8', shape: [count, side, side, 3], data, kind: 'image' } },
    targets: classTargets(
      Int32Array.from({ length: count }, (_, i) => i % 2),
      ['a', 'b'],
    ),
  });
}

const images = smoothImages(400);
const taskFor = async (model: Model) =>
  (await createTask(model, { name: 'smooth', format: 'arrays', train: images, close: async () => {} }, runtime, { untrained: true })).task;
const weightOf = (model: Model, name: string) => [...model.graph.initializers].find((value) => value.name === name)?.initializer as Tensor;

/** Second moments of the first convolution's filters over all patches of the training part. */
async function moments(model: Model, task: Task, weight: string): Promise<number[][]> {
  const tensor = weightOf(model, weight);
  const [filters, channels, height, width] = tensor.shape;
  const kernel = tensor.toFloat32();
  const all = Int32Array.from({ length: task.splits.train.size }, (_, i) => i);
  const [batch] = Object.values(feedsOf(task.feeds, await task.splits.train.read(all)));
  const data = batch.toFloat32();
  const [count, , rows, columns] = batch.shape;
  const sums = Array.from({ length: filters }, () => new Array<number>(filters).fill(0));
  let patches = 0;
  for (let n = 0; n < count; n++)
    for (let top = 0; top + height <= rows; top++)
      for (let left = 0; left + width <= columns; left++, patches++) {
        const answers = Array.from({ length: filters }, (_, f) => {
          let sum = 0;
          for (let c = 0; c < channels; c++)
            for (let y = 0; y < height; y++)
              for (let x = 0; x < width; x++)
                sum +=
                  kernel[((f * channels + c) * height + y) * width + x] * data[((n * channels + c) * rows + top + y) * columns + left + x];
          return sum;
        });
        answers.forEach((a, i) => {
          answers.forEach((b, j) => {
            sums[i][j] += a * b;
          });
        });
      }
  return sums.map((row) => row.map((sum) => sum / patches));
}

test('filters give decorrelated numbers of unit variance, and their negatives', async () => {
  const model = fastCnn.build({ input: [3, 12, 12], classes: 2, width: 0.1 });
  const task = await taskFor(model);
  const options = checkOptions(whiten, { samples: 10_000, epsilon: 1e-9 });
  const { model: whitened, notes } = await whiten.apply({ model, task, runtime, seed: 0 }, options);
  assert.deepEqual(notes.facts, { whitened: 'conv1.weight' });
  const found = await moments(whitened, task, 'conv1.weight');
  for (let i = 0; i < 12; i++)
    for (let j = 0; j < 12; j++) {
      // Weights are float32; the variances that they are to bring to 1 lie a thousandfold apart.
      assert.ok(Math.abs(found[i][j] - Number(i === j)) < 1e-3, `${i}, ${j}: ${found[i][j]}`);
      assert.ok(Math.abs(found[i][12 + j] + Number(i === j)) < 1e-3, `${i}, its negative ${j}: ${found[i][12 + j]}`);
    }
  const others = [...model.graph.initializers].filter(({ name }) => name !== 'conv1.weight');
  for (const { name, initializer } of others) assert.deepEqual(weightOf(whitened, name).bytes(), initializer?.bytes(), name);
});

test('with fewer filters than directions and their negatives the largest variances are taken; with more the rest stays as it is', async () => {
  const wide = surveyCnn.build({ input: [3, 12, 12], classes: 2, width: 0.1 });
  const task = await taskFor(wide);
  const { model: whitened } = await whiten.apply({ model: wide, task, runtime, seed: 0 }, checkOptions(whiten, {}));
  const before = weightOf(wide, 'conv1.weight').toFloat32();
  const weight = weightOf(whitened, 'conv1.weight').toFloat32();
  // 32 filters for the 27 directions of a 3×3 patch: 16 axes and their negatives.
  for (let at = 0; at < 16 * 27; at++) assert.equal(weight[at], -weight[16 * 27 + at] || 0);
  const found = await moments(whitened, task, 'conv1.weight');
  for (let i = 1; i < 16; i++) assert.ok(found[i][i] <= found[i - 1][i - 1] + 1e-6, `variance ${i}`);
  assert.equal(weight.length, before.length);

  const few = fastCnn.build({ input: [3, 12, 12], classes: 2, width: 0.1 });
  const { model: filled } = await whiten.apply({ model: few, task, runtime, seed: 0 }, checkOptions(whiten, {}));
  const [given, made] = [few, filled].map((model) => weightOf(model, 'conv1.weight').toFloat32());
  assert.deepEqual(made.subarray(24 * 12), given.subarray(24 * 12), '32 filters for 12 directions and their negatives');
});

test('a model without such a convolution is refused in words', async () => {
  const task = await taskFor(fastCnn.build({ input: [3, 12, 12], classes: 2 }));
  await assert.rejects(
    async () => whiten.apply({ model: smallMlp(), task, runtime, seed: 0 }, checkOptions(whiten, {})),
    (error) => error instanceof UnsupportedError && /whitening/.test(error.message),
  );
});

test('frozen, the filters stay what they are while the rest learns', async () => {
  const model = fastCnn.build({ input: [3, 12, 12], classes: 2, width: 0.1 });
  const task = await taskFor(model);
  const { model: whitened } = await whiten.apply({ model, task, runtime, seed: 0 }, checkOptions(whiten, {}));
  const options = { epochs: 1, batchSize: 50, freeze: ['conv1.weight', '*.scale'], optimizer: { kind: 'sgd' } as const };
  const { model: trained, parameters } = await train({ model: whitened, task, runtime, options });
  assert.ok(!parameters.includes('conv1.weight') && parameters.includes('conv1.bias'));
  assert.deepEqual(weightOf(trained, 'conv1.weight').bytes(), weightOf(whitened, 'conv1.weight').bytes());
  assert.notDeepEqual(weightOf(trained, 'conv2.weight').bytes(), weightOf(whitened, 'conv2.weight').bytes());
});
