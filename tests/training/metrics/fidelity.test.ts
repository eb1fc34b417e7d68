import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FidelityMeter, wilsonInterval } from 'espalier/training';

const row = (...numbers: number[]) => Float32Array.from(numbers);

function near(found: number, expected: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);
}

test('identical outputs are perfect', () => {
  const meter = new FidelityMeter();
  meter.add(row(1, 2, 3, 4), row(1, 2, 3, 4), 2, true);
  assert.deepEqual(meter.report(wilsonInterval), {
    samples: 2,
    r2: 1,
    sqnr: Number.POSITIVE_INFINITY,
    cosine: 1,
    maxDifference: 0,
    agreement: 1,
    interval: wilsonInterval(2, 2),
  });
});

test('closed forms of two samples', () => {
  const meter = new FidelityMeter();
  // Differences 0, 0.5, 0, -1; mean 2.5, variation 5; power 30.
  meter.add(row(1, 2, 3, 4), row(1, 1.5, 3, 5), 2, true);
  const { r2, sqnr, cosine, maxDifference, agreement } = meter.report(wilsonInterval);
  near(r2, 1 - 1.25 / 5);
  near(sqnr, 10 * Math.log10(30 / 1.25));
  near(cosine, (4 / Math.sqrt(5 * 3.25) + 29 / (5 * Math.sqrt(34))) / 2);
  assert.equal(maxDifference, 1);
  assert.equal(agreement, 1);
});

test('batches add up, and an output far from zero keeps its digits', () => {
  const offset = 4096;
  const [whole, split] = [new FidelityMeter(), new FidelityMeter()];
  const reference = row(...[0, 1, 2, 3, 4, 5].map((x) => x + offset));
  const candidate = row(...[0, 1, 2, 3, 4, 6].map((x) => x + offset));
  whole.add(reference, candidate, 3, false);
  for (let i = 0; i < 3; i++) split.add(reference.subarray(2 * i, 2 * i + 2), candidate.subarray(2 * i, 2 * i + 2), 1, false);
  assert.deepEqual(whole.report(wilsonInterval), split.report(wilsonInterval));
  near(whole.report(wilsonInterval).r2, 1 - 1 / 17.5);
  assert.equal(whole.report(wilsonInterval).agreement, undefined);
});

test('outputs of other scales count alike, and each sample once', () => {
  const meter = new FidelityMeter();
  meter.add(row(1000, 2000, 3000), row(1000, 2000, 3000), 3, false, 'large');
  meter.add(row(0.1, 0.2, 0.3), row(0.3, 0.2, 0.1), 3, false, 'small');
  const { samples, r2, maxDifference } = meter.report(wilsonInterval);
  assert.equal(samples, 3);
  near(r2, (1 + (1 - 0.08 / 0.02)) / 2, 1e-5);
  near(maxDifference, 0.2);
});

test('a candidate that gives no numbers agrees with nothing', () => {
  const meter = new FidelityMeter();
  meter.add(row(2, 1), row(Number.NaN, Number.NaN), 1, true);
  meter.add(row(2, 1), row(2, 1), 1, true);
  const { agreement, r2, maxDifference } = meter.report(wilsonInterval);
  assert.equal(agreement, 0.5);
  assert.ok(Number.isNaN(r2) && Number.isNaN(maxDifference));
});
