import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayDataset } from 'espalier/data';
import { epochsFor } from '#dist/compression/tuning.js';

test('tuning takes its usual epochs, or 500 steps of 128 samples where that is more, 100 epochs at most', () => {
  const part = (size: number) =>
    arrayDataset({ name: 'part', inputs: { x: { type: 'float32', shape: [size, 1], data: new Float32Array(size) } } });
  const epochs = (size: number) =>
    epochsFor({ splits: { train: part(size), calibration: part(1), validation: part(1), test: part(1) } }, 10);
  assert.deepEqual([64_000, 6400, 6399, 1150, 640, 100].map(epochs), [10, 10, 11, 56, 100, 100]);
});
