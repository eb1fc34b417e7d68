import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DataError, Random } from 'espalier/base';
import {
  applyPreprocess,
  arrayDataset,
  channelStatistics,
  type DataTensor,
  type InputSpec,
  type Preprocess,
  pipeline,
} from 'espalier/data';
import { preprocessesFor, usualAugmentation } from 'espalier/modalities';
import { imageBatch, numbersOf } from '../data/support.js';
import { fixture } from '../support/paths.js';

const { resize } = JSON.parse(readFileSync(fixture('data', 'expected.json'), 'utf8')) as { resize: { shape: number[]; image: number[] } };
const images: DataTensor = { type: 'uint8', shape: resize.shape, data: Uint8Array.from(resize.image), kind: 'image' };
const image = (height: number, width: number, channels: number, range: readonly [number, number] = [0, 255]): InputSpec => ({
  name: 'image',
  type: 'uint8',
  shape: [height, width, channels],
  kind: 'image',
  range,
});

test('statistics of the training samples make mean 0 and deviation 1, also far from zero', async () => {
  const values = Float32Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? 1e4 + (i % 7) : i % 3 === 1 ? -(i % 11) : 5));
  const data = arrayDataset({
    name: 'd',
    inputs: { x: { type: 'float32', shape: [1000, 3], data: values } },
    kinds: { x: { kind: 'features' } },
  });
  const statistics = await channelStatistics(data);
  const [spec] = preprocessesFor(data.inputs[0], { shape: ['N', 3] }, statistics).filter(({ name }) => name === 'dataset');
  const out = applyPreprocess((await data.read(Int32Array.from({ length: 1000 }, (_, i) => i))).inputs.x, spec);
  for (let c = 0; c < 3; c++) {
    const column = numbersOf(out).filter((_, i) => i % 3 === c);
    const mean = column.reduce((sum, value) => sum + value, 0) / 1000;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 1000);
    assert.ok(Math.abs(mean) < 1e-4);
    assert.ok(Math.abs(deviation - (c === 2 ? 0 : 1)) < 1e-4, 'a constant column becomes 0');
  }
});

const kinds = (specs: Preprocess[]) =>
  new Set(
    specs.map(
      ({ layout, channels, resize, shape }) => `${layout} ${channels} [${shape}]${resize ? ` ${resize.width}x${resize.height}` : ''}`,
    ),
  );

test('the candidates fit the model: digits, colour images, other sizes, flat inputs, unknown dimensions', () => {
  assert.deepEqual([...kinds(preprocessesFor(image(28, 28, 1), { shape: [1, 1, 28, 28] }))], ['NCHW gray [1,28,28]']);
  assert.deepEqual(
    [...kinds(preprocessesFor(image(32, 32, 3), { shape: ['N', 3, 224, 224] }))],
    ['NCHW RGB [3,224,224] 224x224', 'NCHW BGR [3,224,224] 224x224'],
  );
  assert.deepEqual(
    [...kinds(preprocessesFor(image(32, 32, 3), { shape: [null, 32, 32, 3] }))],
    ['NHWC RGB [32,32,3]', 'NHWC BGR [32,32,3]'],
  );
  assert.deepEqual([...kinds(preprocessesFor(image(32, 32, 3), { shape: [-1, 1, 28, 28] }))], ['NCHW gray [1,28,28] 28x28']);
  assert.deepEqual([...kinds(preprocessesFor(image(28, 28, 1), { shape: ['N', 3, 'H', 'W'] }))], ['NCHW RGB [3,28,28]']);
  assert.deepEqual([...kinds(preprocessesFor(image(28, 28, 1), { shape: ['N', 784] }))], ['NCHW gray [784]']);
  assert.deepEqual([...kinds(preprocessesFor(image(32, 32, 3), { shape: ['N', 784] }))], ['NCHW gray [784] 28x28']);
  assert.deepEqual([...kinds(preprocessesFor(image(8, 8, 1), { shape: ['N', 8, 8] }))], ['NCHW gray [8,8]']);
  assert.deepEqual(kinds(preprocessesFor(image(8, 8, 3), { shape: ['N', 192] })).size, 4);
  assert.deepEqual(kinds(preprocessesFor(image(8, 8, 3), { shape: [null, null, null, null] })).size, 4);
});

test('every candidate gives the model’s shape and finite numbers', () => {
  const statistics = { mean: [120, 110, 100], std: [60, 50, 40] };
  for (const shape of [
    [1, 3, 9, 4],
    [1, 9, 4, 3],
    [1, 1, 9, 4],
    [1, 147],
    [1, 105],
  ]) {
    const found = preprocessesFor(image(7, 5, 3), { shape }, statistics);
    assert.ok(found.length >= 6, String(shape));
    for (const spec of found) {
      const out = applyPreprocess(images, JSON.parse(JSON.stringify(spec)));
      assert.deepEqual(out.shape, [2, ...shape.slice(1)], spec.name);
      assert.ok(numbersOf(out).every((value) => Number.isFinite(value)));
    }
  }
});

test('no two candidates do the same; digits have six scalings, bytes five and the raw values once', () => {
  const names = (spec: InputSpec) =>
    preprocessesFor(spec, { shape: ['N', 1, 8, 8] }, { mean: [5], std: [6] }).map(({ name }) => name?.split(' ')[0]);
  assert.deepEqual(names(image(8, 8, 1, [0, 16])), ['0-1', '+-1', '0-255', 'imagenet', 'dataset', 'raw', 'caffe']);
  assert.deepEqual(names(image(8, 8, 1)), ['0-1', '+-1', '0-255', 'imagenet', 'dataset', 'caffe']);
  assert.deepEqual(
    preprocessesFor(image(8, 8, 1), { shape: ['N', 1, 8, 8], type: 'uint8' }).map(({ name }) => name),
    ['raw NCHW gray'],
  );
});

test('features and tokens go in as they are, reshaped where only ones differ', () => {
  const features: InputSpec = { name: 'x', type: 'float32', shape: [4], kind: 'features' };
  assert.deepEqual(preprocessesFor(features, { shape: ['N', 4] }), [{ name: 'raw', layout: 'as-is', dtype: 'float32' }]);
  assert.deepEqual(preprocessesFor(features, { shape: [1, 1, 4] })[0].shape, [1, 4]);
  assert.deepEqual(preprocessesFor(features, { shape: [1, 2, null] })[0].shape, [2, 2]);
  const tokens: InputSpec = { name: 'x', type: 'int64', shape: [16], kind: 'tensor' };
  assert.equal(preprocessesFor(tokens, { shape: ['N', 'L'], type: 'int64' }).length, 1);
});

test('data that the model cannot take is refused', () => {
  const features: InputSpec = { name: 'x', type: 'float32', shape: [4], kind: 'features' };
  assert.throws(
    () => preprocessesFor(features, { shape: ['N', 5] }),
    (error) => error instanceof DataError && /features of shape \[4\]/.test(error.message),
  );
  assert.throws(() => preprocessesFor(features, { shape: ['N', 3, 224, 224] }), DataError);
  assert.throws(() => preprocessesFor(image(8, 8, 1), { shape: ['N', 7, 8, 8] }), DataError);
});

test('a small shift is a sixteenth of the shorter side, and at least a pixel', () => {
  for (const [shape, pixels] of [
    [[32, 32, 3], 2],
    [[224, 320, 3], 14],
    [[8, 8, 1], 1],
    [[2, 2, 1], 1],
  ] as const) {
    const usual = usualAugmentation({ kind: 'image', shape });
    assert.deepEqual(usual, [{ name: 'crop', pixels, padding: 'reflect' }]);
    pipeline(usual)(imageBatch(2, shape[0], shape[1], shape[2]), new Random(0), 0);
  }
  assert.deepEqual(usualAugmentation({ kind: 'features', shape: [4] }), []);
});
