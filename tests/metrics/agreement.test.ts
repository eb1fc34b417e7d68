import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreementBetween, type Detection, wilsonInterval } from 'espalier/metrics';

const box = (left: number, score: number, category = 0): Detection => ({ category, box: [left, 0, 10, 10], score });
const answers = (...images: Detection[][]) => ({
  kind: 'boxes' as const,
  size: images.length,
  predictions: images,
  targets: images.map(() => []),
});

test('detectors agree by the share of their boxes that the other one has, too', () => {
  const original = answers([box(0, 0.9), box(50, 0.8), box(80, 0.2)], [box(0, 0.7, 1)]);
  assert.deepEqual(agreementBetween(original, original), { measure: 'share', value: 1, interval: wilsonInterval(6, 6), samples: 6 });
  // One box moved by a tenth, one away, one of another category; what is hardly scored counts nowhere.
  const other = answers([box(1, 0.6), box(70, 0.8)], [box(0, 0.7, 0)]);
  assert.deepEqual(agreementBetween(original, other), { measure: 'share', value: 2 / 6, interval: wilsonInterval(2, 6), samples: 6 });
  // A second box on the same object is one more than the original has.
  assert.equal(agreementBetween(answers([box(0, 0.9)]), answers([box(0, 0.9), box(1, 0.8)]))?.value, 2 / 3);
  assert.equal(agreementBetween(answers([box(0, 0.1)]), answers([])), undefined);
});
