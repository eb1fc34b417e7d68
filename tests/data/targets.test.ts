import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, OptionError, Random } from 'espalier/base';
import {
  arrayDataset,
  type BoxTargets,
  checkTargets,
  classTargets,
  type Dataset,
  type LabelSetTargets,
  mapTargets,
  type NumberTargets,
  pickTargets,
  pipeline,
  reorderClasses,
  representatives,
  softTargets,
  splitSource,
  strataOf,
  subset,
  type Targets,
  type TokenTargets,
  targetCount,
} from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { fixture } from '../support/paths.js';
import { classesOf, sourceOf } from './support.js';

const labels: LabelSetTargets = {
  kind: 'labels',
  classes: ['sea', 'sky', 'sun'],
  values: Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1),
};
const numbers: NumberTargets = { kind: 'numbers', columns: ['x', 'y'], values: Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40) };
const tokens: TokenTargets = {
  kind: 'tokens',
  classes: ['a', 'b', 'c'],
  length: 3,
  values: Int32Array.of(0, 1, -1, 2, 2, 2, 1, -1, -1, 0, 0, 1),
};
const boxes: BoxTargets = {
  kind: 'boxes',
  classes: ['cat', 'dog'],
  values: [[{ category: 1, box: [0, 0, 2, 3] }], [], [{ category: 0, box: [1, 1, 1, 1], isCrowd: true }], []],
};
const classes = classTargets(Int32Array.of(0, 1, 1, 0), ['cat', 'dog', 'bird']);
const every: readonly Targets[] = [classes, labels, numbers, tokens, boxes];

const x = { type: 'uint8' as const, shape: [4, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const dataset = (targets?: Targets) => arrayDataset({ name: 'four', inputs: { x }, ...(targets && { targets }) });

test('each kind is counted and picked sample by sample, in the order that is asked for, also twice', () => {
  for (const targets of every) assert.equal(targetCount(targets), 4, targets.kind);
  const indices = Int32Array.of(3, 0, 0);
  const picked = (targets: Targets) => pickTargets(targets, indices).values;
  assert.deepEqual(picked(classes), Int32Array.of(0, 0, 0));
  assert.deepEqual(picked(labels), Uint8Array.of(1, 1, 1, 1, 1, 0, 1, 1, 0));
  assert.deepEqual(picked(numbers), Float32Array.of(4, 40, 1, 10, 1, 10));
  assert.deepEqual(picked(tokens), Int32Array.of(0, 0, 1, 0, 1, -1, 0, 1, -1));
  assert.deepEqual(picked(boxes), [[], [{ category: 1, box: [0, 0, 2, 3] }], [{ category: 1, box: [0, 0, 2, 3] }]]);
  for (const targets of every) {
    const { values: _, ...about } = targets;
    const { values: __, ...same } = pickTargets(targets, indices);
    assert.deepEqual(same, about);
  }
});

test('batches, views and views of views have the targets of their samples', async () => {
  for (const targets of every) {
    const view = subset(subset(dataset(targets), Int32Array.of(3, 2, 0)), Int32Array.of(2, 0));
    assert.deepEqual(view.targets, pickTargets(targets, Int32Array.of(0, 3)));
    assert.deepEqual((await view.read(Int32Array.of(1, 0, 1))).targets, pickTargets(targets, Int32Array.of(3, 0, 3)));
  }
  assert.equal(dataset().targets, undefined);
  assert.equal((await dataset().read(Int32Array.of(1))).targets, undefined);
});

test('samples are kept in proportion by their class, or by the rarest label that applies; other kinds form no groups', () => {
  assert.deepEqual(strataOf(classes), classes.values);
  // sea 2, sky 3, sun 1 times: the fourth sample counts for sun, the third for none of them.
  assert.deepEqual(strataOf(labels), Int32Array.of(0, 1, 3, 2));
  for (const targets of [numbers, tokens, boxes, undefined]) assert.equal(strataOf(targets), undefined);
});

test('several labels are split in proportion to the rarest: each part has its share of them', () => {
  const size = 400;
  const values = new Uint8Array(2 * size);
  // Every sample has the first label, every tenth the second one too.
  for (let i = 0; i < size; i++) [values[2 * i], values[2 * i + 1]] = [1, Number(i % 10 === 0)];
  const train = arrayDataset({
    name: 'labelled',
    inputs: { x: { type: 'uint8', shape: [size, 1], data: new Uint8Array(size) } },
    targets: { kind: 'labels', classes: ['often', 'rarely'], values },
  });
  const rare = ({ targets }: Dataset) => (targets as LabelSetTargets).values.filter((on, i) => i % 2 === 1 && on === 1).length;
  const splits = splitSource(sourceOf(train), { test: 100, validation: 100, calibration: 20 });
  assert.deepEqual([splits.test, splits.validation, splits.calibration, splits.train].map(rare), [10, 10, 2, 18]);
  assert.equal(rare(representatives(train, 40)), 4);
});

test('what is no target is refused by what is wrong', () => {
  const wrong: [Targets, RegExp, typeof OptionError | typeof DataError][] = [
    [classTargets(Int32Array.of(0, 1)), /one label per sample. Expected 4 labels, got 2/, OptionError],
    [{ ...numbers, columns: ['x'] }, /Expected 4 labels, got 8/, OptionError],
    [{ ...boxes, values: [] }, /Expected 4 labels, got 0/, OptionError],
    [classTargets(Int32Array.of(0, 1, 3, 0), ['a', 'b', 'c']), /no class name. Expected labels below 3, got 3/, OptionError],
    [classTargets(Int32Array.of(0, -1, 1, 0)), /class numbers from 0 on.*-1/, OptionError],
    [{ ...tokens, values: tokens.values.with(0, -2) }, /class numbers from -1 on.*-2/, OptionError],
    [{ ...tokens, values: tokens.values.with(0, 3) }, /no class name/, OptionError],
    [{ ...labels, values: labels.values.with(1, 2) }, /marked by 0 and 1/, OptionError],
    [{ ...numbers, values: numbers.values.with(3, Number.NaN) }, /no finite number.*fill them in/s, DataError],
  ];
  for (const [targets, message, kind] of wrong) {
    const refusal = (error: unknown) => error instanceof kind && message.test(error.message);
    assert.throws(() => checkTargets(targets, 4, 'here'), refusal, String(message));
    assert.throws(() => dataset(targets), refusal, String(message));
  }
  for (const targets of every) checkTargets(targets, 4, 'here');
});

test('the names of classes are by default their numbers, up to the largest', () => {
  assert.deepEqual(classTargets(Int32Array.of(2, 0)).classes, ['0', '1', '2']);
});

test('fingerprints of data with classes are what they were when labels were all that there was', async () => {
  const named = dataset(classes);
  assert.equal(dataset(classTargets(classes.values)).fingerprint, '6f6d1cbfc477b6e2a49e61740aa497844b6b0f0a98f0a24ae2a049536ee18ba4');
  assert.equal(named.fingerprint, '8e957ea48a8e8fcdfb1f6615d93843d8404bfed6997ff7eb12cbedf83c231ddf');
  assert.equal(subset(named, Int32Array.of(2, 0)).fingerprint, '3edcd5e376af3673a31caaf8c3504dcc67289a19a35b2769509fc0266610ccfc');
  assert.equal(dataset().fingerprint, '4870c3705d2bdead0ab270fae94f3cb842f0ba7bfad83b1c331c6f24b0b34cb2');
  const opened: [string, string, string?][] = [
    ['digits', '453587467fd81ac64082187b724630d71f03ced56acf3f39f54f09f194e83fa6'],
    ['iris', 'fb92a436fa4b4bbd9866e2ee338f1f2941c34970a27fa7af9c4b67773a6e485b'],
    [fixture('data', 'deflated.npz'), 'bcacf3f622040f268309b2c07598654743b4271fe82187603b25b7a184f6f8c3'],
    [
      fixture('data', 'parts.npz'),
      '21432429f1f1264840f3ae65c31c525cbedee020e9a758b5327f79d51a01e60a',
      '26faf0c03ca7f7458c2dd1e6718b60c536fe3869905f988023d17ca84f8c3540',
    ],
  ];
  for (const [path, train, own] of opened) {
    const source = await openDataset(path);
    assert.deepEqual([source.train.fingerprint, source.test?.fingerprint], [train, own], path);
  }
  const iris = await openDataset('iris');
  const { train, calibration, validation, test: drawn } = splitSource(iris, { seed: 3, calibration: 0.05 });
  assert.deepEqual(
    [train, calibration, validation, drawn, representatives(iris.train, 10, 1)].map(({ fingerprint }) => fingerprint),
    [
      'd9a6d48fb8146d568968463bb22935f0f09ee836243c5e08499020cf3019b193',
      'd0e58489b58f5cf13d22a22b67db4728434fce589a5b120bb33e4cf7f516b1e2',
      '7901a51a52e1e9654a08821e55d5f4c4001aa751f321fd50a21d45905b957c68',
      '827629c6f92682248a8eca7171d4bec27b3f003094a2a59bf6c4d99e323331fc',
      'f620a8b90f30cb3b0defe3be93247208858e4165f2782e931ce881c9607309ec',
    ],
  );
});

test('any change of targets, of their names or of their kind is another fingerprint', () => {
  const changed: Targets[] = [
    ...every,
    classTargets(Int32Array.of(0, 1, 1, 1), classes.classes),
    { ...classes, classes: ['dog', 'cat', 'bird'] },
    { ...labels, classes: ['sea', 'sun', 'sky'] },
    { ...labels, values: labels.values.with(11, 0) },
    { ...numbers, columns: ['y', 'x'] },
    { ...numbers, values: numbers.values.with(0, 1.5) },
    { ...tokens, values: tokens.values.with(0, 1) },
    { ...tokens, length: 6, values: new Int32Array(24) },
    { ...boxes, values: boxes.values.with(1, [{ category: 1, box: [0, 0, 2, 3] }]) },
  ];
  const prints = changed.map((targets) => dataset(targets).fingerprint);
  assert.equal(new Set(prints).size, changed.length);
});

test('targets may be read otherwise: the samples stay, the fingerprint is another, and mixed partners follow', async () => {
  const whole = dataset(classes);
  const order = ['bird', 'dog', 'fish', 'cat'];
  const change = (targets: Targets) => (targets.kind === 'class' ? reorderClasses(targets, order) : targets);
  const changed = mapTargets(whole, change, 'another order');
  assert.deepEqual(classesOf(changed), classTargets(Int32Array.of(3, 1, 1, 3), order));
  assert.notEqual(changed.fingerprint, whole.fingerprint);
  assert.notEqual(mapTargets(whole, change, 'yet another').fingerprint, changed.fingerprint);
  const batch = await changed.read(Int32Array.of(1, 0));
  assert.deepEqual([classesOf(batch).values, batch.inputs.x.data], [Int32Array.of(1, 3), Uint8Array.of(3, 4, 1, 2)]);
  const mixing: Dataset = {
    ...whole,
    read: async (indices) => pipeline([{ name: 'mixup', alpha: 1 }])(await whole.read(indices), new Random(1), 0),
  };
  const { mixed } = await mapTargets(mixing, change, 'mixed').read(Int32Array.of(0, 1));
  assert.deepEqual([...classesOf({ targets: mixed?.targets }).values].sort(), [1, 3]);
  assert.equal(mapTargets(dataset(), change, 'nothing to change').fingerprint, dataset().fingerprint);
});

test('labels and numbers are targets of a loss as they are, mixed as their samples are; only answers of yes or no are smoothed', async () => {
  const batchOf = (targets: Targets) => dataset(targets).read(Int32Array.of(0, 3));
  assert.deepEqual([...softTargets(await batchOf(labels), 3)], [1, 1, 0, 1, 1, 1]);
  const smooth = [...softTargets(await batchOf(labels), 3, 0.2)];
  for (const [i, expected] of [0.9, 0.9, 0.1, 0.9, 0.9, 0.9].entries()) assert.ok(Math.abs(smooth[i] - expected) < 1e-6);
  assert.deepEqual([...softTargets(await batchOf(numbers), 2, 0.2)], [1, 10, 4, 40]);
  const batch = await batchOf(numbers);
  const mixed = { targets: pickTargets(numbers, Int32Array.of(3, 0)), weights: Float32Array.of(0.25, 0.25) };
  assert.deepEqual([...softTargets({ ...batch, mixed }, 2)], [0.25 + 3, 2.5 + 30, 1 + 0.75, 10 + 7.5]);
  assert.throws(() => softTargets({ ...batch, targets: boxes }, 2), /no row of numbers a sample.*boxes/s);
});
