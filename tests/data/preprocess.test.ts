import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DataError, OptionError } from 'espalier/base';
import {
  applyPreprocess,
  arrayDataset,
  candidatePreprocesses,
  channelStatistics,
  type DataTensor,
  type InputSpec,
  type Preprocess,
  scaling,
} from 'espalier/data';
import { fixture } from '../support/paths.js';
import { numbersOf } from './support.js';

interface Oracle {
  resize: { shape: number[]; image: number[]; results: { height: number; width: number; bilinear: number[]; nearest: number[] }[] };
  imagenet: number[];
  luma: number[];
}

const oracle: Oracle = JSON.parse(readFileSync(fixture('data', 'expected.json'), 'utf8'));
const images: DataTensor = { type: 'uint8', shape: oracle.resize.shape, data: Uint8Array.from(oracle.resize.image), kind: 'image' };
const image = (height: number, width: number, channels: number, range: readonly [number, number] = [0, 255]): InputSpec => ({
  name: 'image',
  type: 'uint8',
  shape: [height, width, channels],
  kind: 'image',
  range,
});

function close(found: DataTensor, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(found.data.length, expected.length);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(Number(found.data[i]) - expected[i]) <= tolerance, `${i}: ${found.data[i]} and ${expected[i]}`);
}

test('resizing agrees with torch, growing and shrinking, smooth and nearest', () => {
  for (const { height, width, ...results } of oracle.resize.results) {
    for (const mode of ['bilinear', 'nearest'] as const) {
      const found = applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', resize: { height, width, mode } });
      assert.deepEqual(found.shape, [2, 3, height, width]);
      close(found, results[mode], 1e-3);
    }
  }
});

test('the ImageNet scaling agrees with torchvision’s formula in either layout and channel order', () => {
  const spec = { ...scaling('imagenet'), layout: 'NCHW', channels: 'RGB' } as const;
  close(applyPreprocess(images, spec), oracle.imagenet, 1e-5);
  const [n, h, w] = images.shape;
  const bgr = { ...spec, layout: 'NHWC', channels: 'BGR', mean: [...spec.mean].reverse(), std: [...spec.std].reverse() } as const;
  const found = applyPreprocess(images, bgr);
  assert.deepEqual(found.shape, [n, h, w, 3]);
  const transposed = Float64Array.from(numbersOf(found), (_, i) => {
    const [c, x, y, s] = [2 - (i % 3), Math.floor(i / 3) % w, Math.floor(i / 3 / w) % h, Math.floor(i / 3 / w / h)];
    return oracle.imagenet[((s * 3 + c) * h + y) * w + x];
  });
  close(found, transposed, 1e-5);
});

test('gray from colour is BT.601 luma; colour from gray repeats it', () => {
  close(applyPreprocess(images, { layout: 'NCHW', channels: 'gray' }), oracle.luma, 1e-3);
  const gray: DataTensor = { type: 'uint8', shape: [1, 1, 2, 1], data: Uint8Array.of(10, 20) };
  assert.deepEqual(numbersOf(applyPreprocess(gray, { layout: 'NCHW', channels: 'RGB' })), [10, 20, 10, 20, 10, 20]);
  assert.deepEqual(numbersOf(applyPreprocess(gray, { layout: 'NHWC', channels: 'BGR' })), [10, 10, 10, 20, 20, 20]);
});

test('the named scalings send the ends of the range where they say, for any range', () => {
  for (const range of [
    [0, 255],
    [0, 16],
    [-1, 3],
  ] as const) {
    const ends = (name: Parameters<typeof scaling>[0]) => {
      const { scale, mean, std } = scaling(name, range);
      return range.map((value) => Math.round(((value * scale - mean[0]) / std[0]) * 1e9) / 1e9 + 0);
    };
    assert.deepEqual(ends('0-1'), [0, 1]);
    assert.deepEqual(ends('+-1'), [-1, 1]);
    assert.deepEqual(ends('0-255'), [0, 255]);
    assert.deepEqual(ends('raw'), [...range]);
  }
  assert.throws(() => scaling('dataset'), OptionError);
});

test('statistics of the training samples make mean 0 and deviation 1, also far from zero', async () => {
  const values = Float32Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? 1e4 + (i % 7) : i % 3 === 1 ? -(i % 11) : 5));
  const data = arrayDataset({
    name: 'd',
    inputs: { x: { type: 'float32', shape: [1000, 3], data: values } },
    kinds: { x: { kind: 'features' } },
  });
  const statistics = await channelStatistics(data);
  const [spec] = candidatePreprocesses(data.inputs[0], { shape: ['N', 3] }, statistics).filter(({ name }) => name === 'dataset');
  const out = applyPreprocess((await data.read(Int32Array.from({ length: 1000 }, (_, i) => i))).inputs.x, spec);
  for (let c = 0; c < 3; c++) {
    const column = numbersOf(out).filter((_, i) => i % 3 === c);
    const mean = column.reduce((sum, value) => sum + value, 0) / 1000;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 1000);
    assert.ok(Math.abs(mean) < 1e-4);
    assert.ok(Math.abs(deviation - (c === 2 ? 0 : 1)) < 1e-4, 'a constant column becomes 0');
  }
});

test('integer and half inputs are rounded and clipped', () => {
  const floats: DataTensor = { type: 'float32', shape: [1, 5], data: Float32Array.of(-3, 0.4, 0.6, 300, Number.NaN) };
  const as = (dtype: Preprocess['dtype']) => numbersOf(applyPreprocess(floats, { layout: 'as-is', dtype }));
  assert.deepEqual(as('uint8'), [0, 0, 1, 255, 0]);
  assert.deepEqual(as('int8'), [-3, 0, 1, 127, 0]);
  assert.deepEqual(as('int64'), [-3, 0, 1, 300, 0]);
  assert.deepEqual(as('uint64'), [0, 0, 1, 300, 0]);
  assert.deepEqual(as('float16').slice(0, 2), [0xc200, 0x3666]);
  const tokens: DataTensor = { type: 'int64', shape: [1, 2], data: BigInt64Array.of(5n, 7n) };
  assert.deepEqual(applyPreprocess(tokens, { layout: 'as-is', dtype: 'int64' }), tokens);
  assert.deepEqual(numbersOf(applyPreprocess(tokens, { layout: 'as-is', dtype: 'int32' })), [5, 7]);
});

const kinds = (specs: Preprocess[]) =>
  new Set(
    specs.map(
      ({ layout, channels, resize, shape }) => `${layout} ${channels} [${shape}]${resize ? ` ${resize.width}x${resize.height}` : ''}`,
    ),
  );

test('the candidates fit the model: digits, colour images, other sizes, flat inputs, unknown dimensions', () => {
  assert.deepEqual([...kinds(candidatePreprocesses(image(28, 28, 1), { shape: [1, 1, 28, 28] }))], ['NCHW gray [1,28,28]']);
  assert.deepEqual(
    [...kinds(candidatePreprocesses(image(32, 32, 3), { shape: ['N', 3, 224, 224] }))],
    ['NCHW RGB [3,224,224] 224x224', 'NCHW BGR [3,224,224] 224x224'],
  );
  assert.deepEqual(
    [...kinds(candidatePreprocesses(image(32, 32, 3), { shape: [null, 32, 32, 3] }))],
    ['NHWC RGB [32,32,3]', 'NHWC BGR [32,32,3]'],
  );
  assert.deepEqual([...kinds(candidatePreprocesses(image(32, 32, 3), { shape: [-1, 1, 28, 28] }))], ['NCHW gray [1,28,28] 28x28']);
  assert.deepEqual([...kinds(candidatePreprocesses(image(28, 28, 1), { shape: ['N', 3, 'H', 'W'] }))], ['NCHW RGB [3,28,28]']);
  assert.deepEqual([...kinds(candidatePreprocesses(image(28, 28, 1), { shape: ['N', 784] }))], ['NCHW gray [784]']);
  assert.deepEqual([...kinds(candidatePreprocesses(image(32, 32, 3), { shape: ['N', 784] }))], ['NCHW gray [784] 28x28']);
  assert.deepEqual([...kinds(candidatePreprocesses(image(8, 8, 1), { shape: ['N', 8, 8] }))], ['NCHW gray [8,8]']);
  assert.deepEqual(kinds(candidatePreprocesses(image(8, 8, 3), { shape: ['N', 192] })).size, 4);
  assert.deepEqual(kinds(candidatePreprocesses(image(8, 8, 3), { shape: [null, null, null, null] })).size, 4);
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
    const found = candidatePreprocesses(image(7, 5, 3), { shape }, statistics);
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
    candidatePreprocesses(spec, { shape: ['N', 1, 8, 8] }, { mean: [5], std: [6] }).map(({ name }) => name?.split(' ')[0]);
  assert.deepEqual(names(image(8, 8, 1, [0, 16])), ['0-1', '+-1', '0-255', 'imagenet', 'dataset', 'raw', 'caffe']);
  assert.deepEqual(names(image(8, 8, 1)), ['0-1', '+-1', '0-255', 'imagenet', 'dataset', 'caffe']);
  assert.deepEqual(
    candidatePreprocesses(image(8, 8, 1), { shape: ['N', 1, 8, 8], type: 'uint8' }).map(({ name }) => name),
    ['raw NCHW gray'],
  );
});

test('features and tokens go in as they are, reshaped where only ones differ', () => {
  const features: InputSpec = { name: 'x', type: 'float32', shape: [4], kind: 'features' };
  assert.deepEqual(candidatePreprocesses(features, { shape: ['N', 4] }), [{ name: 'raw', layout: 'as-is', dtype: 'float32' }]);
  assert.deepEqual(candidatePreprocesses(features, { shape: [1, 1, 4] })[0].shape, [1, 4]);
  assert.deepEqual(candidatePreprocesses(features, { shape: [1, 2, null] })[0].shape, [2, 2]);
  const tokens: InputSpec = { name: 'x', type: 'int64', shape: [16], kind: 'tensor' };
  assert.equal(candidatePreprocesses(tokens, { shape: ['N', 'L'], type: 'int64' }).length, 1);
});

test('data that the model cannot take is refused', () => {
  const features: InputSpec = { name: 'x', type: 'float32', shape: [4], kind: 'features' };
  assert.throws(
    () => candidatePreprocesses(features, { shape: ['N', 5] }),
    (error) => error instanceof DataError && /features of shape \[4\]/.test(error.message),
  );
  assert.throws(() => candidatePreprocesses(features, { shape: ['N', 3, 224, 224] }), DataError);
  assert.throws(() => candidatePreprocesses(image(8, 8, 1), { shape: ['N', 7, 8, 8] }), DataError);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW' } as Preprocess), /"channels"/);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', std: [1, 0, 1] }), OptionError);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', mean: [1, 2] }), /1 or 3 numbers/);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', shape: [5] }), DataError);
});
