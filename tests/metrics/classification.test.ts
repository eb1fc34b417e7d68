import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, Random } from 'espalier/base';
import { classTargets } from 'espalier/data';
import {
  type AnyMetric,
  confusionMatrix,
  type Metric,
  metricNamed,
  predictedClasses,
  resampled,
  type Scores,
  wilsonInterval,
} from 'espalier/metrics';
import { Tensor } from 'espalier/onnx';
import { classification } from 'espalier/training';
import { trainingFixture } from '../training/support.js';

interface Report {
  accuracy: number;
  interval: readonly [number, number];
  precision: number;
  recall: number;
  f1: number;
  auc: number;
  logLoss: number;
  top5?: number;
  confusion: number[][];
}

const fixtures = trainingFixture<Record<string, { classes: number; scores: number[]; labels: number[]; report: Report }>>('metrics.json');

const classMetric = (name: string) => metricNamed(name, 'classes') as Extract<AnyMetric, Metric<'classes'>>;
const score = (name: string, scores: Scores, labels: Int32Array) => classMetric(name).score(scores, labels);

for (const [name, { classes, scores, labels, report }] of Object.entries(fixtures)) {
  test(`${name}: scikit-learn and statsmodels find the same`, () => {
    const found = { size: labels.length, classes, data: Float32Array.from(scores) };
    const truth = Int32Array.from(labels);
    assert.deepEqual(confusionMatrix(predictedClasses(found), truth, classes), report.confusion);
    for (const key of ['accuracy', 'precision', 'recall', 'f1', 'auc', 'logLoss'] as const)
      near(key, score(key, found, truth), report[key]);
    assert.equal(Number.isNaN(score('top5', found, truth)), classes <= 5);
    if (report.top5 !== undefined) near('top5', score('top5', found, truth), report.top5);
    const interval = classMetric('accuracy').interval?.(found, truth) ?? [];
    assert.equal(interval.length, 2);
    interval.forEach((bound, i) => {
      near('interval', bound, report.interval[i]);
    });
  });
}

test('scores that are all equal rank nothing: area 0.5, everything is the first class', () => {
  const [scores, labels] = [{ size: 4, classes: 2, data: new Float32Array(8) }, Int32Array.of(0, 1, 1, 0)];
  assert.equal(score('auc', scores, labels), 0.5);
  assert.equal(score('accuracy', scores, labels), 0.5);
  assert.deepEqual([...predictedClasses(scores)], [0, 0, 0, 0]);
  near('log loss', score('logLoss', scores, labels), Math.log(2));
});

test('shifting all scores of a sample changes nothing', () => {
  const { classes, scores, labels } = fixtures['ten classes'];
  const shifted = Float32Array.from(scores, (each, i) => each + 8 * (Math.floor(i / classes) % 5));
  const [a, b] = [Float32Array.from(scores), shifted].map((data) => ({ size: labels.length, classes, data }));
  const truth = Int32Array.from(labels);
  near('area', score('auc', a, truth), score('auc', b, truth), 1e-3);
  assert.equal(score('accuracy', a, truth), score('accuracy', b, truth));
});

test('a row with a NaN in it is no answer, never right, and shows in the loss', () => {
  const data = new Float32Array(6).fill(Number.NaN);
  assert.deepEqual([...predictedClasses({ size: 3, classes: 2, data })], [-1, -1, -1]);
  const some = { size: 1, classes: 3, data: Float32Array.of(Number.NaN, 1, 0) };
  assert.deepEqual([...predictedClasses(some)], [-1]);
  assert.equal(score('accuracy', some, Int32Array.of(1)), 0);
  const six = { size: 1, classes: 6, data: Float32Array.of(0, 1, 0, 0, 0, Number.NaN) };
  assert.equal(score('top5', six, Int32Array.of(5)), 0, 'a label of a NaN is not found');
  assert.ok(Number.isNaN(score('logLoss', { size: 3, classes: 2, data }, Int32Array.of(0, 1, 1))));
});

test('top k counts a label with fewer than k larger scores', () => {
  const scores = { size: 2, classes: 4, data: Float32Array.of(4, 3, 2, 1, 4, 3, 2, 1) };
  assert.equal(score('top[2]', scores, Int32Array.of(1, 3)), 0.5);
  assert.equal(score('top[3]', scores, Int32Array.of(1, 2)), 1);
  assert.ok(Number.isNaN(score('top[4]', scores, Int32Array.of(1, 3))), 'with as many classes every label is among them');
});

test("Wilson's interval has its closed form, stays within [0, 1], and knows nothing without samples", () => {
  // 10 of 10 at z: the lower bound is n / (n + z²).
  const z = 1.959963984540054;
  near('all right', wilsonInterval(10, 10)[0], 10 / (10 + z * z));
  assert.equal(wilsonInterval(10, 10)[1], 1);
  assert.equal(wilsonInterval(0, 10)[0], 0);
  assert.deepEqual(wilsonInterval(0, 0), [0, 1]);
});

test('a sample that is drawn anew keeps its targets beside its numbers, whatever kind the answers are', () => {
  const size = 6;
  const data = Float32Array.from({ length: size * 3 }, (_, i) => i);
  const isWhole = ({ data: drawn }: { size: number; data: Float32Array }, targets: ArrayLike<number>) => {
    const width = targets.length / size;
    return Number(Array.from(targets).every((target, i) => target === drawn[3 * Math.floor(i / width) + (i % width)]));
  };
  for (const targets of [Int32Array.from({ length: size }, (_, i) => 3 * i), Uint8Array.from(data), data])
    assert.deepEqual(resampled(isWhole)({ size, data }, targets), [1, 1]);
  const mean = ({ data: drawn }: { size: number; data: Float32Array }) => drawn.reduce((sum, value) => sum + value / drawn.length, 0);
  const [low, high] = resampled(mean)({ size, data }, data) ?? [Number.NaN, Number.NaN];
  assert.ok(low < mean({ size, data }) && mean({ size, data }) < high, `${low} to ${high}`);
});

test('a label that has no score is refused', () => {
  const scores = { size: 2, classes: 2, data: new Float32Array(4) };
  for (const name of ['accuracy', 'top[1]', 'balancedAccuracy', 'f1', 'weightedF1', 'precision', 'recall', 'logLoss'])
    for (const wrong of [2, -1]) assert.throws(() => score(name, scores, Int32Array.of(0, wrong)), DataError, `${name}, label ${wrong}`);
  assert.throws(() => confusionMatrix(predictedClasses(scores), Int32Array.of(0, 2), 2), DataError);
  const collector = classification({ output: 'scores', classes: ['a', 'b', 'c'] }).collect();
  const batch = { size: 1, indices: Int32Array.of(0), inputs: {}, targets: classTargets(Int32Array.of(2)) };
  collector.add(batch, { scores: Tensor.of('float32', [1, 2], new Float32Array(2)) });
  assert.throws(() => collector.answers(), /label 2.*same order of classes/s);
});

test('ten thousand samples of a thousand classes take seconds', () => {
  const random = new Random(3);
  const [size, classes] = [10_000, 1000];
  const data = Float32Array.from({ length: size * classes }, () => random.uniform());
  const labels = Int32Array.from({ length: size }, () => random.integer(classes));
  const started = process.cpuUsage();
  const [first, ...others] = ['auc', 'accuracy', 'top5', 'precision', 'recall', 'f1', 'logLoss'].map((name) =>
    score(name, { size, classes, data }, labels),
  );
  // Of work: the wall clock also counts what else runs on the machine.
  const seconds = process.cpuUsage(started).user / 1e6;
  assert.ok(seconds < 20, `${seconds} s`);
  near('the area of chance', first, 0.5, 0.02);
  assert.ok(others.every(Number.isFinite));
});

function near(what: string, found: number, expected: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, expected ${expected}`);
}
