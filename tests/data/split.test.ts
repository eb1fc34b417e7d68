import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, OptionError } from 'espalier/base';
import { checkDisjoint, type Dataset, representatives, type Splits, splitSource, subset } from 'espalier/data';
import { apportion } from '#dist/data/split.js';
import { countedDataset, perClass, sourceOf } from './support.js';

const indicesOf = (splits: Splits) => Object.values(splits).flatMap((part: Dataset) => Array.from(part.view!.indices));

test('the default shares, stratified to the sample', () => {
  const splits = splitSource(sourceOf(countedDataset([600, 300, 100])));
  assert.deepEqual(perClass(splits.test), [120, 60, 20]);
  assert.deepEqual(perClass(splits.validation), [72, 36, 12]);
  assert.deepEqual(perClass(splits.train), [384, 192, 64]);
  // 40 of its own, and 88 that are learned from, too.
  assert.deepEqual(perClass(splits.calibration), [24 + 53, 12 + 26, 4 + 9]);
  assert.deepEqual(perClass(splitSource(sourceOf(countedDataset([600, 300, 100])), { calibration: 40 }).calibration), [24, 12, 4]);
});

test('shares that do not come out even go to the largest remainders, and the totals are exact', () => {
  assert.deepEqual(apportion([5, 3, 2], [5, 3, 2], 3), [1, 1, 1]); // quotas 1.5, 0.9, 0.6
  assert.deepEqual(apportion([1, 1, 98], [0, 0, 97], 2), [0, 0, 2]);
  assert.deepEqual(apportion([50, 50], [50, 3], 20), [17, 3]);
  const { test: drawn } = splitSource(sourceOf(countedDataset([7, 5, 11])), { test: 6, validation: 1, calibration: 1 });
  assert.equal(drawn.size, 6);
  for (const [c, taken] of perClass(drawn).entries()) assert.ok(Math.abs(taken - ([7, 5, 11][c] * 6) / 23) < 1);
});

test('every sample is in exactly one part, with labels and without', () => {
  for (const labelled of [true, false]) {
    const splits = splitSource(sourceOf(countedDataset([61, 40], labelled)), { seed: 3, calibration: 0.05 });
    assert.deepEqual(
      indicesOf(splits).sort((a, b) => a - b),
      Array.from({ length: 101 }, (_, i) => i),
    );
  }
});

test('where a twentieth is few, quantizers observe samples of the training part as well, and none of those that models are judged by', () => {
  const source = sourceOf(countedDataset([61, 40], false));
  const [drawn, given] = [splitSource(source), splitSource(source, { calibration: 4 })];
  const of = (part: Dataset) => [...(part.view?.indices ?? [])];
  assert.deepEqual(
    of(drawn.calibration),
    [...of(given.calibration), ...of(given.train)].sort((a, b) => a - b),
  );
  for (const part of ['train', 'validation', 'test'] as const) assert.deepEqual(of(drawn[part]), of(given[part]));
});

test('the seed alone decides', () => {
  const draw = (seed: number | string) => indicesOf(splitSource(sourceOf(countedDataset([50, 50])), { seed }));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test("the source's own parts are kept", () => {
  const [train, own] = [countedDataset([40, 40]), countedDataset([5, 5])];
  const splits = splitSource(sourceOf(train, { test: own }), { validation: 0.25, calibration: 4 });
  assert.equal(splits.test, own);
  assert.deepEqual(
    [splits.train, splits.calibration, splits.validation].map((part) => part.size),
    [56, 4, 20],
  );
});

test('data that cannot be split is refused', () => {
  assert.throws(
    () => splitSource(sourceOf(countedDataset([10]))),
    (error) => error instanceof DataError && /same label.*10 of "class 0"/.test(error.message),
  );
  assert.throws(() => splitSource(sourceOf(countedDataset([2, 1]))), /Too few samples for the (validation|calibration) part/);
  assert.throws(() => splitSource(sourceOf(countedDataset([3], false))), DataError);
  assert.throws(() => splitSource(sourceOf(countedDataset([10, 10])), { test: 1.5 }), OptionError);
  assert.throws(() => splitSource(sourceOf(countedDataset([10, 10])), { test: -1 }), OptionError);
  assert.throws(() => splitSource(sourceOf(countedDataset([10, 10])), { test: 19 }), /Too few samples for the test part/);
});

test('each class keeps a sample to train on', () => {
  const splits = splitSource(sourceOf(countedDataset([100, 2, 1])), { test: 0.5, validation: 0.4, calibration: 0.1 });
  assert.deepEqual(
    perClass(splits.train).map((count) => count > 0),
    [true, true, true],
  );
});

test('checkDisjoint sees through views of views', () => {
  const whole = countedDataset([10, 10]);
  const half = subset(whole, Int32Array.of(4, 5, 6, 7));
  const again = subset(half, Int32Array.of(1, 2));
  assert.deepEqual(Array.from(again.view!.indices), [5, 6]);
  checkDisjoint({ train: again, test: subset(whole, Int32Array.of(4, 7)) });
  assert.throws(() => checkDisjoint({ train: again, test: subset(whole, Int32Array.of(6)) }), /Sample 6 is both in "train" and in "test"/);
  assert.throws(() => checkDisjoint({ train: whole, test: again }), DataError);
});

test('a few representatives have every class in its share, also of a data set that is sorted by class', () => {
  const dataset = countedDataset([600, 300, 100]);
  for (const count of [10, 37, 999]) {
    const some = representatives(dataset, count, 5);
    assert.equal(some.size, count);
    for (const [c, taken] of perClass(some).entries()) assert.ok(Math.abs(taken - ([600, 300, 100][c] * count) / 1000) < 1);
    assert.deepEqual(some.view!.indices, some.view!.indices.toSorted());
    assert.equal(some.fingerprint, representatives(dataset, count, 5).fingerprint);
  }
  assert.equal(representatives(dataset, 1000), dataset);
  assert.equal(new Set(representatives(countedDataset([50, 50], false), 20).view!.indices).size, 20);
});
