import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from 'espalier/base';
import {
  arrayDataset,
  type BoxTargets,
  classTargets,
  concatDatasets,
  type Dataset,
  targetCount,
  targetsLike,
  textDataset,
  withTargets,
} from 'espalier/data';
import { classesOf, countedDataset, numbersOf } from './support.js';

const names = ['a', 'b'];

/** Samples of one number each. */
function row(name: string, numbers: readonly number[], labels?: readonly number[], classes = names): Dataset {
  const x = { type: 'float32' as const, shape: [numbers.length, 1], data: Float32Array.from(numbers) };
  return arrayDataset({ name, inputs: { x }, ...(labels && { targets: classTargets(Int32Array.from(labels), classes) }) });
}

const first = row('first', [1, 2, 3], [0, 1, 0]);
const second = row('second', [10, 20], [1, 1]);
const joined = (weight = 1) =>
  concatDatasets(
    [
      { dataset: first, weight: 1 },
      { dataset: second, weight },
    ],
    'both',
  );

test('samples of several sources one after the other, each with its class and the weight of its source', async () => {
  const both = joined(0.25);
  assert.deepEqual([both.name, both.size, both.inputs], ['both', 5, first.inputs]);
  assert.deepEqual(classesOf(both), classTargets(Int32Array.of(0, 1, 0, 1, 1), names));
  const batch = await both.read(Int32Array.of(4, 0, 3, 0, 2));
  assert.deepEqual(numbersOf(batch.inputs.x), [20, 1, 10, 1, 3]);
  assert.deepEqual(batch.inputs.x.shape, [5, 1]);
  assert.deepEqual(classesOf(batch).values, Int32Array.of(1, 0, 1, 0, 0));
  assert.deepEqual([...(batch.weights ?? [])], [0.25, 1, 0.25, 1, 1]);
  assert.deepEqual(batch.indices, Int32Array.of(4, 0, 3, 0, 2));
  assert.deepEqual(numbersOf((await both.read(Int32Array.of(3))).inputs.x), [10]);
  await assert.rejects(both.read(Int32Array.of(5)), OptionError);
});

test('joined once more, samples keep the weights that they had', async () => {
  const again = concatDatasets(
    [
      { dataset: joined(0.25), weight: 0.5 },
      { dataset: second, weight: 2 },
    ],
    'again',
  );
  assert.deepEqual([...((await again.read(Int32Array.of(5, 3, 0))).weights ?? [])], [2, 0.125, 0.5]);
});

test('the fingerprint follows the samples, their order and the weights', () => {
  const parts = [first, second].map((dataset) => ({ dataset, weight: 1 }));
  const prints = [joined(), joined(0.5), concatDatasets(parts.toReversed(), 'both')].map(({ fingerprint }) => fingerprint);
  assert.equal(new Set(prints).size, 3);
  assert.equal(joined().fingerprint, concatDatasets(parts, 'by another name').fingerprint);
});

test('texts of different lengths are padded to the longest of the batch', async () => {
  const texts = (lines: readonly string[], label: number) =>
    textDataset('texts', lines, classTargets(new Int32Array(lines.length).fill(label), names));
  const parts = [texts(['ab', 'a'], 0), texts(['abcd', ''], 1)].map((dataset) => ({ dataset, weight: 1 }));
  const both = concatDatasets(parts, 'both');
  assert.deepEqual(both.inputs[0].shape, [4]);
  const { text } = (await both.read(Int32Array.of(2, 0, 3, 1))).inputs;
  assert.deepEqual(text.shape, [4, 4]);
  assert.deepEqual(text.lengths, Int32Array.of(4, 2, 0, 1));
  assert.deepEqual(numbersOf(text), [97, 98, 99, 100, 97, 98, 0, 0, 0, 0, 0, 0, 97, 0, 0, 0]);
  assert.deepEqual((await both.read(Int32Array.of(1, 0))).inputs.text.shape, [2, 2]);
});

test('what does not belong together is refused, named by the part that differs', () => {
  const wide = { type: 'float32' as const, shape: [1, 2], data: Float32Array.of(1, 2) };
  const others = [
    row('unlabelled', [1]),
    row('other classes', [1], [0], ['a', 'c']),
    row('turned classes', [1], [0], ['b', 'a']),
    row('more classes', [1], [0], ['a', 'b', 'c']),
    arrayDataset({ name: 'wide', inputs: { x: wide }, targets: classTargets(Int32Array.of(0), names) }),
    arrayDataset({ name: 'numbers', inputs: { x: { ...wide, shape: [2, 1] } }, targets: numbers(2) }),
  ];
  for (const dataset of others) {
    const join = () =>
      concatDatasets(
        [
          { dataset: first, weight: 1 },
          { dataset, weight: 1 },
        ],
        'both',
      );
    assert.throws(
      join,
      (error) => error instanceof OptionError && /do not belong together/.test(error.message) && error.message.includes(dataset.name),
    );
  }
  assert.throws(() => concatDatasets([], 'nothing'), OptionError);
});

const numbers = (size: number) => ({ kind: 'numbers' as const, columns: ['y'], values: new Float32Array(size) });
const boxes: BoxTargets = { kind: 'boxes', classes: names, ids: [3, 7], values: [[{ category: 1, box: [0, 0, 2, 3] }]] };

test('targets that say nothing: kind and names stay, for as many samples as are wanted', () => {
  const every = [
    classTargets(Int32Array.of(1, 0), names),
    { kind: 'labels' as const, classes: ['x', 'y', 'z'], values: Uint8Array.of(1, 1, 1) },
    { kind: 'numbers' as const, columns: ['u', 'v'], values: Float32Array.of(1, 2) },
    { kind: 'tokens' as const, classes: names, length: 3, values: Int32Array.of(1, 0, 1) },
    boxes,
  ];
  for (const targets of every) {
    const { values, ...about } = targetsLike(targets, 5);
    const { values: _, ...wanted } = targets;
    assert.deepEqual(about, wanted);
    assert.equal(targetCount(targetsLike(targets, 5)), 5, targets.kind);
    assert.equal(targetCount(targetsLike(targets, 0)), 0, targets.kind);
    // Of tokens nothing is to be predicted; elsewhere no label applies, no object is there.
    const nothing = targets.kind === 'tokens' ? -1 : 0;
    if (targets.kind === 'boxes') assert.deepEqual(values, [[], [], [], [], []]);
    else
      assert.ok(
        [...(values as Iterable<number>)].every((value) => value === nothing),
        targets.kind,
      );
  }
});

test('samples with targets of their own: in batches too, under a fingerprint that follows them', async () => {
  const bare = row('bare', [1, 2, 3]);
  const given = withTargets(bare, classTargets(Int32Array.of(1, 0, 1), names));
  assert.deepEqual([bare.targets, given.size, given.inputs], [undefined, 3, bare.inputs]);
  const batch = await given.read(Int32Array.of(2, 1, 2));
  assert.deepEqual([classesOf(batch).values, numbersOf(batch.inputs.x)], [Int32Array.of(1, 0, 1), [3, 2, 3]]);
  const replaced = withTargets(given, numbers(3));
  assert.equal((await replaced.read(Int32Array.of(0))).targets?.kind, 'numbers');
  const same = withTargets(bare, classTargets(Int32Array.of(1, 0, 1), names));
  const others = [
    withTargets(bare, classTargets(Int32Array.of(1, 1, 1), names)),
    withTargets(bare, classTargets(Int32Array.of(1, 0, 1), ['b', 'a'])),
  ];
  assert.equal(same.fingerprint, given.fingerprint);
  assert.equal(new Set([bare, given, replaced, ...others].map(({ fingerprint }) => fingerprint)).size, 5);
  assert.throws(() => withTargets(bare, numbers(2)), /Expected 3 labels, got 2/);
  assert.throws(() => withTargets(countedDataset([2, 1]), classTargets(Int32Array.of(0, 1, 2), names)), /no class name/);
});
