import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from 'espalier/base';
import { coefficientOfVariation, medianInterval, quantile } from 'espalier/infrastructure/hardware';

test('quantiles interpolate as numpy does', () => {
  const values = [15, 20, 35, 40, 50];
  // numpy.quantile(values, [0, .05, .4, .5, .95, 1])
  const expected = [15, 16, 29, 35, 48, 50];
  assert.deepEqual(
    [0, 0.05, 0.4, 0.5, 0.95, 1].map((p) => Math.round(quantile(values, p) * 1e9) / 1e9),
    expected,
  );
  assert.equal(quantile([7], 0.99), 7);
});

test('the coefficient of variation agrees with the closed form', () => {
  assert.ok(Math.abs(coefficientOfVariation([2, 4, 4, 4, 5, 5, 7, 9]) - Math.sqrt(32 / 7) / 5) < 1e-12);
  assert.equal(coefficientOfVariation([3]), 0);
});

test('order statistics for the median have the binomial coverage of the tables', () => {
  // Two-sided 95% sign-test intervals: n = 6 takes the range (96.9%), 10 drops one (97.9%), 15 drops three (96.5%), 20 drops five (95.9%).
  const expected: [number, number, number][] = [
    [6, 0, 0.96875],
    [10, 1, 0.978516],
    [15, 3, 0.964844],
    [20, 5, 0.958611],
  ];
  for (const [n, dropped, confidence] of expected) {
    const interval = medianInterval(Array.from({ length: n }, (_, i) => i));
    assert.deepEqual([interval.low, interval.high], [dropped, n - 1 - dropped]);
    assert.ok(Math.abs(interval.confidence - confidence) < 1e-6, `n ${n}: ${interval.confidence}`);
  }
  assert.equal(medianInterval([1, 2, 3]).confidence, 0.75);
});

test('the interval covers the true median about as often as it says', () => {
  const random = new Random(3);
  let covered = 0;
  const trials = 4000;
  for (let trial = 0; trial < trials; trial++) {
    const { low, high } = medianInterval(Array.from({ length: 15 }, () => Math.exp(random.normal())));
    if (low <= 1 && 1 <= high) covered++;
  }
  // 0.9648 ± 4 standard errors.
  assert.ok(Math.abs(covered / trials - 0.9648) < 4 * Math.sqrt((0.9648 * 0.0352) / trials), String(covered / trials));
});
