import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, Random } from 'espalier/base';
import { type ClassificationReport, classificationReport, predictions, topK, wilsonInterval } from 'espalier/training';
import { trainingFixture } from '../support.js';

const fixtures =
  trainingFixture<Record<string, { classes: number; scores: number[]; labels: number[]; report: ClassificationReport }>>('metrics.json');

for (const [name, { classes, scores, labels, report }] of Object.entries(fixtures)) {
  test(`${name}: scikit-learn and statsmodels find the same`, () => {
    const found = classificationReport({ size: labels.length, classes, data: Float32Array.from(scores) }, Int32Array.from(labels));
    assert.deepEqual(found.confusion, report.confusion);
    assert.equal(found.top5 === undefined, classes <= 5);
    for (const key of ['accuracy', 'precision', 'recall', 'f1', 'auc', 'logLoss', 'top5'] as const)
      if (report[key] !== undefined) near(key, found[key] as number, report[key] as number);
    found.interval.forEach((bound, i) => {
      near('interval', bound, report.interval[i]);
    });
  });
}

test('scores that are all equal rank nothing: area 0.5, everything is the first class', () => {
  const found = classificationReport({ size: 4, classes: 2, data: new Float32Array(8) }, Int32Array.of(0, 1, 1, 0));
  assert.equal(found.auc, 0.5);
  assert.equal(found.accuracy, 0.5);
  near('log loss', found.logLoss, Math.log(2));
});

test('shifting all scores of a sample changes nothing', () => {
  const { classes, scores, labels } = fixtures['ten classes'];
  const shifted = Float32Array.from(scores, (score, i) => score + 8 * (Math.floor(i / classes) % 5));
  const [a, b] = [Float32Array.from(scores), shifted].map((data) =>
    classificationReport({ size: labels.length, classes, data }, Int32Array.from(labels)),
  );
  near('area', a.auc, b.auc, 1e-3);
  assert.equal(a.accuracy, b.accuracy);
});

test('scores that are no numbers are passed over, and show in the loss', () => {
  const data = new Float32Array(6).fill(Number.NaN);
  assert.deepEqual([...predictions({ size: 3, classes: 2, data })], [0, 0, 0]);
  const some = Float32Array.of(Number.NaN, 1, 0);
  assert.deepEqual([...predictions({ size: 1, classes: 3, data: some })], [1]);
  assert.ok(Number.isNaN(classificationReport({ size: 3, classes: 2, data }, Int32Array.of(0, 1, 1)).logLoss));
});

test('top k counts a label with fewer than k larger scores', () => {
  const scores = { size: 2, classes: 4, data: Float32Array.of(4, 3, 2, 1, 4, 3, 2, 1) };
  assert.equal(topK(scores, Int32Array.of(1, 3), 2), 0.5);
  assert.equal(topK(scores, Int32Array.of(1, 3), 4), 1);
});

test("Wilson's interval has its closed form, stays within [0, 1], and knows nothing without samples", () => {
  // 10 of 10 at z: the lower bound is n / (n + z²).
  const z = 1.959963984540054;
  near('all right', wilsonInterval(10, 10)[0], 10 / (10 + z * z));
  assert.equal(wilsonInterval(10, 10)[1], 1);
  assert.equal(wilsonInterval(0, 10)[0], 0);
  assert.deepEqual(wilsonInterval(0, 0), [0, 1]);
});

test('a label that has no score is refused', () => {
  assert.throws(() => classificationReport({ size: 1, classes: 2, data: new Float32Array(2) }, Int32Array.of(2)), DataError);
});

test('four times the samples of many classes take some four times the work, not sixteen', () => {
  const random = new Random(3);
  const classes = 1000;
  const measure = (size: number) => {
    const data = Float32Array.from({ length: size * classes }, () => random.uniform());
    const labels = Int32Array.from({ length: size }, () => random.integer(classes));
    // The processor's own time, which other processes do not lengthen.
    const before = process.cpuUsage();
    const { auc } = classificationReport({ size, classes, data }, labels);
    return { auc, work: process.cpuUsage(before).user };
  };
  measure(500);
  const [small, large] = [measure(2500), measure(10_000)];
  assert.ok(large.work < 9 * small.work, `${small.work} and ${large.work} µs`);
  near('the area of chance', large.auc, 0.5, 0.02);
});

function near(what: string, found: number, expected: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, expected ${expected}`);
}
