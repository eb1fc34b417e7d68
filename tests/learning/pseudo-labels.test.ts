import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { arrayDataset, classTargets, type Dataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type PseudoLabelOptions, withPseudoLabels } from 'espalier/learning/semi-supervised';
import { Tensor } from 'espalier/onnx';
import { regression, type Task } from 'espalier/training';
import { classesOf, numbersOf } from '../data/support.js';
import { empty, modelOf, plainTask } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** A teacher whose scores are its inputs: sure of what a test writes. */
const teacher = modelOf([3], (build, x) => build.op('Identity', [x]));

const rows = (name: string, scores: readonly (readonly number[])[], labels?: readonly number[]): Dataset =>
  arrayDataset({
    name,
    inputs: { x: { type: 'float32', shape: [scores.length, 3], data: Float32Array.from(scores.flat()) } },
    ...(labels && { targets: classTargets(Int32Array.from(labels), ['class 0', 'class 1', 'class 2']) }),
  });

const train = rows(
  'few',
  [
    [1, 0, 0],
    [0, 1, 0],
  ],
  [0, 1],
);
const task = plainTask({ train, test: rows('tested', [[0, 0, 1]], [2]) });
/** Probabilities as they come out: of the answers 0.95, 0.5, 0.91 and 0.89, the third one for class 0. */
const unlabelled = rows('many', [
  [0.03, 0.95, 0.02],
  [0.5, 0.3, 0.2],
  [0.91, 0.05, 0.04],
  [0.06, 0.05, 0.89],
]);
const labelled = (options: Partial<PseudoLabelOptions> = {}) =>
  withPseudoLabels(task, { teacher, teacherTask: task, unlabelled, runtime, ...options });

const contents = async ({ splits }: Task) => {
  const batch = await splits.train.read(Int32Array.from({ length: splits.train.size }, (_, i) => i));
  return { x: numbersOf(batch.inputs.x), labels: [...classesOf(batch).values], weights: [...(batch.weights ?? [])] };
};

test('samples that the teacher is sure of join the training part, with its answers, less sure ones do not', async () => {
  const { task: more, samples, kept } = await labelled();
  assert.deepEqual([samples, kept, more.splits.train.name], [4, 2, 'few and many']);
  const { x, labels, weights } = await contents(more);
  assert.deepEqual(labels, [0, 1, 1, 0]);
  assert.deepEqual(weights, [1, 1, 1, 1]);
  assert.deepEqual(x.slice(6), [0.03, 0.95, 0.02, 0.91, 0.05, 0.04].map(Math.fround));
  assert.deepEqual(
    [more.splits.test, more.splits.validation, more.splits.calibration],
    [task.splits.test, task.splits.validation, task.splits.calibration],
  );
  assert.equal(task.splits.train.size, 2, 'the task itself is as it was');
});

test('a lower threshold takes more, and what the teacher labelled may count less', async () => {
  const { task: more, kept } = await labelled({ threshold: 0.6, weight: 0.5 });
  assert.equal(kept, 3);
  assert.deepEqual(await contents(more).then(({ labels, weights }) => [labels, weights]), [
    [0, 1, 1, 0, 2],
    [1, 1, 0.5, 0.5, 0.5],
  ]);
  assert.equal((await labelled({ threshold: 0 })).kept, 4);
});

test('labels that the samples have are not looked at', async () => {
  const { x: numbers } = (await unlabelled.read(Int32Array.of(0, 1, 2, 3))).inputs;
  const wrong = arrayDataset({ name: 'many', inputs: { x: numbers }, targets: classTargets(Int32Array.of(9, 9, 9, 9)) });
  assert.deepEqual((await contents((await labelled({ unlabelled: wrong })).task)).labels, [0, 1, 1, 0]);
});

test('a second helping keeps the weights of the first', async () => {
  const { task: once } = await labelled({ weight: 0.5 });
  const { task: twice } = await withPseudoLabels(once, { teacher, teacherTask: task, unlabelled, runtime, weight: 0.25 });
  assert.deepEqual((await contents(twice)).weights, [1, 1, 0.5, 0.5, 0.25, 0.25]);
});

test('refused: a teacher that is sure of nothing, one of other classes, a task without classes, samples of another size', async () => {
  const refused = (options: Partial<PseudoLabelOptions>, message: RegExp, of = task) =>
    assert.rejects(
      withPseudoLabels(of, { teacher, teacherTask: task, unlabelled, runtime, ...options }),
      (error) => error instanceof OptionError && message.test(error.message),
      String(message),
    );
  await refused({ threshold: 0.99 }, /sure of no unlabelled sample.*0\.99.*Lower the threshold/s);
  const two = modelOf([3], (build, x) => build.op('Gemm', [x, build.parameter('w', Tensor.of('float32', [3, 2], new Float32Array(6)))]));
  await refused({ teacher: two }, /tells other classes apart.*class 0, class 1, class 2/s);
  const numbers = arrayDataset({
    name: 'numbers',
    inputs: { x: { type: 'float32', shape: [1, 3], data: new Float32Array(3) } },
    targets: { kind: 'numbers', columns: ['y'], values: Float32Array.of(1) },
  });
  const none = empty(numbers);
  const goal = regression({ outputs: ['scores'], columns: ['y'], train: numbers });
  const other: Task = { ...task, ...goal, splits: { train: numbers, calibration: none, validation: none, test: none } };
  await refused({}, /for tasks with classes only/, other);
  const wide = arrayDataset({ name: 'wide', inputs: { x: { type: 'float32', shape: [1, 4], data: Float32Array.of(1, 0, 0, 0) } } });
  const widely = modelOf([4], (build, x) => {
    const first = Float32Array.from({ length: 12 }, (_, i) => Number(i % 4 === 0));
    return build.op('Gemm', [x, build.parameter('w', Tensor.of('float32', [4, 3], first))]);
  });
  await refused({ teacher: widely, unlabelled: wide, threshold: 0.5 }, /do not belong together/);
});
