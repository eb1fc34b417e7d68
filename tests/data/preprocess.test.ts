import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DataError, OptionError } from 'espalier/base';
import { applyPreprocess, type DataTensor, type Preprocess, scaling } from 'espalier/data';
import { fixture } from '../support/paths.js';
import { numbersOf } from './support.js';

interface Oracle {
  resize: { shape: number[]; image: number[]; results: { height: number; width: number; bilinear: number[]; nearest: number[] }[] };
  imagenet: number[];
  luma: number[];
}

const oracle: Oracle = JSON.parse(readFileSync(fixture('data', 'expected.json'), 'utf8'));
const images: DataTensor = { type: 'uint8', shape: oracle.resize.shape, data: Uint8Array.from(oracle.resize.image), kind: 'image' };
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

test('what cannot be applied is refused', () => {
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW' } as Preprocess), /"channels"/);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', std: [1, 0, 1] }), OptionError);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', mean: [1, 2] }), /1 or 3 numbers/);
  assert.throws(() => applyPreprocess(images, { layout: 'NCHW', channels: 'RGB', shape: [5] }), DataError);
});
