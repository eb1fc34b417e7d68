import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalOf, isWithin, lossBetween, metricNamed, scoreOf, wilsonInterval } from 'espalier/metrics';
import { Tensor } from 'espalier/onnx';
import { fidelity, judge, NoiseMeter } from 'espalier/training';
import { modelOf } from '../training/support.js';

type Rows = readonly (readonly number[])[];

const tensor = (rows: Rows) => Tensor.of('float32', [rows.length, rows[0].length], Float32Array.from(rows.flat()));
const tensors = (outputs: Record<string, Rows>) => Object.fromEntries(Object.entries(outputs).map(([name, rows]) => [name, tensor(rows)]));

/** A model whose outputs have these names and so many columns. */
function original(outputs: readonly string[], width: number) {
  return modelOf([width], (build, x) => {
    for (const name of outputs.slice(1)) build.output(build.op('Identity', [x]), name);
    return build.op('Identity', [x]);
  });
}

/** What the fidelity task makes of pairs of batches: the original's outputs and the candidate's. */
function measure(pairs: readonly (readonly [Record<string, Rows>, Record<string, Rows>])[], scores?: string) {
  const [[first]] = pairs;
  const outputs = Object.keys(first);
  const collector = fidelity({ reference: original(outputs, first[outputs[0]][0].length), outputs, scores }).collect();
  for (const [reference, candidate] of pairs) {
    const size = reference[outputs[0]].length;
    collector.add({ size, indices: new Int32Array(size), inputs: {} }, tensors(candidate), tensors(reference));
  }
  const answers = collector.answers();
  const of = (name: string) => scoreOf(metricNamed(name, 'fidelity'), answers);
  return {
    size: answers.size,
    fidelity: of('fidelity'),
    meanFidelity: of('meanFidelity'),
    sqnr: of('sqnr'),
    cosine: of('outputCosine'),
    maxDifference: of('maxDifference'),
    agreement: of('agreement'),
    interval: intervalOf(metricNamed('agreement', 'fidelity'), answers),
  };
}

function near(found: number, expected: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);
}

const four = { scores: [[1, 2], [3, 4]] }; // biome-ignore format: rows

test('identical outputs are perfect', () => {
  assert.deepEqual(measure([[four, four]], 'scores'), {
    size: 2,
    fidelity: 1,
    meanFidelity: 1,
    // JSON has no infinity: what float32 cannot tell apart counts as the same.
    sqnr: 150,
    cosine: 1,
    maxDifference: 0,
    agreement: 1,
    interval: wilsonInterval(2, 2),
  });
});

test('closed forms of two samples', () => {
  const other: Record<string, Rows> = { scores: [[1, 1.5], [3, 5]] }; // biome-ignore format: rows
  const found = measure([[four, other]], 'scores');
  // Differences 0, 0.5, 0, -1: the second column errs by 1.25 where it varies by 2, and its power is 20.
  near(found.fidelity, 1 - 1.25 / 2);
  near(found.meanFidelity, (1 + 1 - 1.25 / 2) / 2);
  near(found.sqnr, 10 * Math.log10(20 / 1.25));
  near(found.cosine, (4 / Math.sqrt(5 * 3.25) + 29 / (5 * Math.sqrt(34))) / 2);
  assert.equal(found.maxDifference, 1);
  assert.equal(found.agreement, 1);
  // All numbers of the row together: mean 2.5, variation 5.
  const meter = new NoiseMeter(['scores']);
  meter.add(tensors(four), tensors(other));
  near(meter.value, 1.25 / 5);
});

test('batches add up, and an output far from zero keeps its digits', () => {
  const rows = (numbers: readonly number[]) => [0, 1, 2].map((row) => numbers.slice(2 * row, 2 * row + 2).map((x) => x + 4096));
  const [reference, candidate] = [rows([0, 1, 2, 3, 4, 5]), rows([0, 1, 2, 3, 4, 6])];
  const whole = measure([[{ scores: reference }, { scores: candidate }]]);
  const split = measure(reference.map((row, i) => [{ scores: [row] }, { scores: [candidate[i]] }] as const));
  assert.deepEqual(whole, split);
  // The second column, 1, 3, 5, varies by 8.
  near(whole.fidelity, 1 - 1 / 8);
  const meter = new NoiseMeter(['scores']);
  reference.forEach((row, i) => {
    meter.add({ scores: tensor([row]) }, { scores: tensor([candidate[i]]) });
  });
  near(meter.value, 1 / 17.5);
  assert.ok(Number.isNaN(whole.agreement));
  assert.equal(whole.interval, undefined);
});

test('outputs of other scales count alike, and each sample once', () => {
  const large: Rows = [[1000], [2000], [3000]];
  const found = measure([
    [
      { scores: large, small: [[0.1], [0.2], [0.3]] },
      { scores: large, small: [[0.3], [0.2], [0.1]] },
    ],
  ]);
  assert.equal(found.size, 3);
  near(found.meanFidelity, (1 + (1 - 0.08 / 0.02)) / 2, 1e-5);
  near(found.fidelity, 1 - 0.08 / 0.02, 1e-5);
  near(found.maxDifference, 0.2);
});

test('a channel that never moves in the original is measured by its size, and one that hardly does is said to be still', () => {
  const judged = (reference: Rows, candidate: Rows) => {
    const goal = { ...fidelity({ reference: original(['scores'], reference[0].length), outputs: ['scores'] }), name: 'rows' };
    const collector = goal.collect();
    const size = reference.length;
    collector.add({ size, indices: new Int32Array(size), inputs: {} }, tensors({ scores: candidate }), tensors({ scores: reference }));
    return judge(goal, collector.answers());
  };
  // Errs by 0.5 of 5 everywhere: 1 - 0.01.
  const constant = judged([[5], [5], [5]], [[5.5], [5.5], [5.5]]);
  near(constant.value, 0.99);
  near(constant.channels?.[0].still ?? 0, 0.1);
  // Lost altogether.
  near(judged([[5], [5], [5]], [[0], [0], [0]]).value, 0);
  // Float rounding is no movement, and where every channel is still a small probability counts as the others do.
  near(judged([[5], [5 + 2 ** -21], [5]], [[5.5], [5.5], [5.5]]).value, 0.99);
  const small = judged([[0.9, 1e-9], [0.9, 1e-9]], [[0.9, 3e-9], [0.9, 3e-9]]); // biome-ignore format: rows
  assert.ok(small.value > 0.999, String(small.value));
  // A small movement far from zero is a movement: what destroys it is not hidden.
  const far = judged([[300], [300.02], [300.04]], [[300.02], [300.02], [300.02]]);
  assert.ok(far.value < 0.8, String(far.value));
  assert.notEqual(far.channels?.[0].still, undefined);
  assert.equal(judged([[0], [1], [2]], [[0], [1], [1]]).channels?.[0].still, undefined);
});

test('a candidate that gives no numbers agrees with nothing', () => {
  const row: Rows = [[2, 1]];
  const found = measure(
    [
      [{ scores: row }, { scores: [[Number.NaN, Number.NaN]] }],
      [{ scores: row }, { scores: row }],
    ],
    'scores',
  );
  assert.equal(found.agreement, 0.5);
  assert.ok(Number.isNaN(found.fidelity) && Number.isNaN(found.maxDifference));
});

test('a loss of SQNR is the noise that was added, also where the baseline has none', () => {
  const sqnr = metricNamed('sqnr', 'fidelity');
  near(lossBetween(sqnr, 150, 40), 0.01, 1e-6);
  near(lossBetween(sqnr, 150, 20), 0.1, 1e-6);
  near(lossBetween(sqnr, 40, 20), 0.09, 1e-9);
  near(lossBetween(sqnr, 20, 40), -0.09, 1e-9);
  const within = (after: number, tolerance: number) => isWithin(sqnr, { before: 150, after, samples: 100 }, tolerance);
  assert.deepEqual(
    [within(41, 0.01), within(39, 0.01), within(31, sqnr.tolerance), within(30, sqnr.tolerance)],
    [true, false, true, false],
  );
  assert.equal(sqnr.scale.format(150), 'the same within rounding');
  assert.equal(sqnr.scale.formatChange(40 - 150, 150), '-1.00%');
  // Silent in the original: measured by what the others move.
  const channels = [{ output: 'y', channel: 0, error: 0.01, variance: 1, power: 0 }];
  near(sqnr.score({ size: 2, channels, cosine: 1, maxDifference: 0.1 } as never, undefined as never), 20);
});

test('a largest difference is measured as it is: nothing is relative to none', () => {
  const metric = metricNamed('maxDifference', 'fidelity');
  near(lossBetween(metric, 0, 0.02), 0.02);
  assert.ok(isWithin(metric, { before: 0, after: 0.009, samples: 10 }, metric.tolerance));
  assert.ok(!isWithin(metric, { before: 0, after: 0.011, samples: 10 }, metric.tolerance));
});

test('a loss of a ten-thousandth says nothing, whatever the tolerance', () => {
  for (const [metric, before] of [
    [metricNamed('fidelity', 'fidelity'), 1],
    [metricNamed('r2', 'numbers'), 0.8],
    [metricNamed('rmse', 'numbers'), 2],
  ] as const) {
    const after = (loss: number) => (metric.direction === 'maximize' ? before - loss : before * (1 + loss));
    assert.ok(isWithin(metric, { before, after: after(5e-5), samples: 50 }, 0), metric.name);
    assert.ok(!isWithin(metric, { before, after: after(5e-4), samples: 50 }, 0), metric.name);
  }
});
