import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  axisScale,
  compareCosts,
  compareQuality,
  costRatio,
  evaluateCommand,
  formatBytes,
  formatChange,
  formatCount,
  formatInterval,
  formatMs,
  formatQuality,
  formatRatio,
  formatSeconds,
  formatShare,
  frontRows,
  layerBars,
  limitTexts,
  modelWarnings,
  pairLayers,
  recipeSteps,
  recipeText,
  runWarnings,
  scatter,
  scatterAxes,
  sensitivityList,
  summarize,
  ticks,
  trainingCurves,
} from 'espalier/report/info';
import type { LayerInfo } from 'espalier/strategies';
import { warnings as cardWarnings } from 'espalier/strategies';
import { accuracy, bareRun, digitsRun, emptyFrontRun, fidelityRun, hostileRun, singleRun } from '../fixtures/report/samples.js';

test('numbers as people read them', () => {
  assert.deepEqual([0, 812, 999.4, 45_210, 999_600, 1_432_118].map(formatBytes), ['0 B', '812 B', '999 B', '45.2 KB', '1 MB', '1.43 MB']);
  assert.deepEqual([950, 44_210, 1_240_000, 3.9e9].map(formatCount), ['950', '44.2 K', '1.24 M', '3.9 G']);
  assert.deepEqual([0.2134, 15.23, 1240].map(formatMs), ['0.213 ms', '15.2 ms', '1.24 s']);
  assert.deepEqual([0.85, 1.04, 1.8, 3.94, 12.4].map(formatRatio), ['0.85x', '1.04x', '1.8x', '3.9x', '12x']);
  assert.deepEqual([4.26, 94.2, 7830].map(formatSeconds), ['4.3 s', '1 min 34 s', '2 h 11 min']);
  assert.deepEqual([0, 0.0004, 0.0153, 0.564, 1].map(formatShare), ['0%', '<0.1%', '1.5%', '56%', '100%']);
  assert.deepEqual([formatBytes(undefined), formatCount(Number.NaN), formatMs(null as unknown as number)], ['-', '-', '-']);
});

test('a quality is never rounded up to a perfect one, and a small change has no sign', () => {
  assert.equal(formatQuality('accuracy', 0.9997, 360), '99.9%');
  assert.equal(formatQuality('accuracy', 1, 360), '100.0%');
  assert.equal(formatQuality('accuracy', 0.98437, 10_000), '98.44%');
  assert.equal(formatQuality('r2', 0.99999), '0.9999');
  assert.equal(formatQuality('accuracy', null as unknown as number), '-');
  assert.equal(formatInterval('accuracy', [0.9641, 0.9921], 360), '96.4 to 99.2%');
  assert.equal(formatChange('accuracy', -0.0028, { value: 0.98, samples: 360 }), '-0.3');
  assert.equal(formatChange('accuracy', -0.0001, { value: 0.98, samples: 360 }), '0.0');
  assert.equal(formatChange('accuracy', 0.0031, { value: 0.98, samples: 360 }), '+0.3');
  assert.equal(formatChange('r2', -0.00132, { value: 0.99 }), '-0.0013');
});

test('costs beside the original: hand-computed ratios, and latency as it was measured in turns', () => {
  const { baseline, models } = digitsRun();
  const model = models[3];
  assert.equal(costRatio(model, baseline, 'bytes'), 1_432_118 / 98_310);
  assert.equal(costRatio(model, baseline, 'macs'), 9_437_184 / 2_437_120);
  assert.equal(costRatio(model, baseline, 'latency'), 1 / 0.36);
  assert.equal(costRatio(models[7], baseline, 'latency'), undefined, 'not measured');
  const unpaired = { ...model, footprint: { ...model.footprint, latency: { ...model.footprint.latency!, ratioToBaseline: undefined } } };
  assert.equal(costRatio(unpaired, baseline, 'latency'), 0.412 / 0.148);
  const other = { ...unpaired, footprint: { ...unpaired.footprint, latency: { ...unpaired.footprint.latency!, threads: 4 } } };
  assert.equal(costRatio(other, baseline, 'latency'), undefined, 'medians of different threads are not compared');
  assert.equal(
    compareCosts(fidelityRun().models[0], fidelityRun().baseline).some(({ measure }) => measure.name === 'macs'),
    false,
  );
});

test('qualities are compared on one part of the data: test where both have it', () => {
  const { baseline, models } = digitsRun();
  const onTest = compareQuality(models[3], baseline);
  assert.deepEqual([onTest.split, onTest.change, onTest.withinNoise], ['test', 354 / 360 - 355 / 360, true]);
  const onValidation = compareQuality(models[6], baseline);
  assert.deepEqual([onValidation.split, onValidation.change], ['validation', 0]);
  assert.equal(compareQuality(models[5], baseline).withinNoise, false);
});

test('rows: baseline first, front numbered in order, warnings with each', () => {
  const rows = frontRows(digitsRun());
  assert.deepEqual(
    rows.map(({ rank, role }) => rank ?? role),
    ['baseline', 1, 2, 3, 4, 5, 6, 'other', 'other', 'other', 'other', 'other', 'other'],
  );
  assert.equal(rows[1].costs.bytes?.ratio, 1_432_118 / 262_480);
  assert.deepEqual(rows[12].breaks, ['maxDrop']);
});

test('the report warns of all that a card warns of', () => {
  for (const run of [digitsRun(), fidelityRun(), emptyFrontRun(), hostileRun()]) {
    for (const model of run.models.filter(({ onFront }) => onFront)) {
      const said = modelWarnings(model, run.baseline);
      for (const warning of cardWarnings(model, run.baseline)) assert.ok(said.includes(warning), warning);
    }
  }
  const { baseline, models } = digitsRun();
  const changed = { ...models[3], test: { ...models[3].test!, agreement: { measure: 'share' as const, value: 0.85, samples: 360 } } };
  const [said, ofCard] = [modelWarnings(changed, baseline), cardWarnings(changed, baseline)];
  const hidden = said.find((text) =>
    /^15\.0% of the answers are others than the original's, where accuracy changed by -0\.3 points/.test(text),
  );
  assert.ok(hidden !== undefined && ofCard.includes(hidden), said.join('\n'));
  const worst = models[5];
  assert.deepEqual(modelWarnings(worst, baseline), [
    'Loses 5.3 points of test accuracy against the original.',
    'Slower than the original on this machine: 1.07 times its latency.',
    'onnxruntime-web: differs (largest difference 0.31).',
  ]);
  assert.match(runWarnings(bareRun())[0], /did not finish/);
  assert.match(runWarnings(digitsRun())[0], /^2 trials failed\. The first, trial 6: prune: The training loss became NaN/);
});

test('the summary claims a gain only where there is one', () => {
  const found = summarize(digitsRun());
  assert.equal(found.headline, 'Best within 1 point: 15x smaller, 3.9x fewer MACs, 2.8x faster, accuracy 98.3% (-0.3).');
  assert.equal(found.best?.label, 'prune keep 0.5 + quantize static min-max');
  assert.ok(found.success);
  assert.ok(found.details.some((text) => text.startsWith('The difference is within the noise of 360 samples')));
  assert.match(found.details.at(-1)!, /360 test samples that nothing was chosen by/);
  assert.equal(summarize(emptyFrontRun()).success, false);
  assert.equal(
    summarize(emptyFrontRun()).headline,
    'No model beat the original: of 6 models, 1 broke a limit, the original is at least as good as 5 in every objective.',
  );
  assert.equal(summarize(bareRun()).headline, 'No model was made. 2 trials failed.');
  assert.equal(summarize(fidelityRun()).headline, "Best within 0.01 of the original's fidelity: 5.5x smaller, fidelity 0.9999 (-0.0001).");
});

test('the summary says so when quality is lost, or when the better model is larger', () => {
  const run = singleRun();
  const [model] = run.models;
  const worse = { ...run, models: [{ ...model, validation: accuracy(340, 360), test: accuracy(338, 360) }] };
  assert.match(summarize(worse).headline, /^No model stays within 1 point of the original\. The closest: 3\.9x smaller/);
  const larger = { ...run, models: [{ ...model, validation: accuracy(359, 360), footprint: { ...model.footprint, bytes: 2_864_236 } }] };
  assert.match(summarize(larger).headline, /^Nothing within 1 point of the original is smaller\. Most accurate: 2\.0x larger/);
  assert.equal(summarize(larger).success, false);
  const unlucky = { ...run, models: [{ ...model, test: accuracy(349, 360) }] };
  assert.match(summarize(unlucky).headline, /^Best within 1 point on the validation part: .* on the test part\.$/);
  assert.ok(summarize(unlucky).details.includes('On the test part it loses more than on the validation part, by which it was chosen.'));
});

test('ticks are round and inside', () => {
  assert.deepEqual(ticks(0.905, 1.004, false), [0.92, 0.94, 0.96, 0.98, 1]);
  assert.deepEqual(ticks(20_000, 1_500_000, true), [20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000]);
  assert.deepEqual(ticks(1, 1e12, true), [1, 100, 1e4, 1e6, 1e8, 1e10, 1e12]);
  assert.deepEqual(ticks(1_000, 1_200, true), [1000, 1050, 1100, 1150, 1200]);
});

test('an axis holds what it must, and what lies too far off is drawn at its edge', () => {
  const measure = { label: 'accuracy', better: 'more' as const, format: String };
  const axis = axisScale({ measure, needed: [0.9, 1], wished: [0.85, 0.1], log: false, most: 1 });
  assert.ok(axis.place(0.85).at > 0 && axis.place(1).at < 1);
  assert.deepEqual(axis.place(0.1), { at: 0, outside: 'low' });
  const log = axisScale({ measure, needed: [10, 1000], wished: [], log: true });
  assert.ok(Math.abs(log.place(100).at - 0.5) < 1e-12);
  assert.equal(axisScale({ measure, needed: [0, 1000], wished: [], log: true }).log, false, 'zero has no logarithm');
  const single = axisScale({ measure, needed: [7], wished: [], log: false });
  assert.ok(Math.abs(single.place(7).at - 0.5) < 1e-12);
});

test('scatter: places, roles, intervals, and the front of two measures', () => {
  const drawing = scatter(digitsRun())!;
  assert.equal(drawing.points.length, 13);
  assert.deepEqual(drawing.line, [6, 5, 4, 1]);
  assert.equal(drawing.points[12].y.outside, 'low');
  const { y } = drawing.points[1];
  assert.ok(y.interval![0] < y.at && y.at < y.interval![1]);
  const latency = scatter(digitsRun(), 'latency', 'quality')!;
  assert.equal(latency.points.length, 7, 'only what was measured');
  assert.deepEqual(
    scatterAxes(fidelityRun()).map(({ name }) => name),
    ['quality', 'test', 'bytes', 'memory', 'parameters', 'energy'],
  );
  assert.equal(scatter(fidelityRun(), 'latency', 'quality'), undefined);
});

const layer = (name: string, macs: number): LayerInfo => ({
  name,
  op: 'Conv',
  output: [1],
  parameters: 0,
  macs,
  weightBytes: 0,
  activationBytes: 0,
});

test('limits are said with their units, and only those that are set', () => {
  const limits = {
    maxSize: 65536,
    maxLatency: undefined,
    maxDrop: 1,
    minQuality: 0.9,
    rules: [{ metric: 'recall[cat]', relation: '>=' as const, value: 0.8 }],
  };
  assert.deepEqual(limitTexts({ limits, task: digitsRun().task }), [
    'the largest size 65.5 KB',
    'the largest loss of quality 1 point',
    'the worst quality 90.0%',
    'recall[cat] >= 0.8',
  ]);
});

test('layers whose names were shortened, or that were quantized, are matched by kind and size in their order', () => {
  const of = (name: string, op: string, output: number[]) => ({ ...layer(name, 1), op, output });
  const before = [of('conv1', 'Conv', [8, 4]), of('relu', 'Relu', [8, 4]), of('conv2', 'Conv', [16, 2]), of('fc', 'Gemm', [10])];
  const after = [
    of('1', 'ConvInteger', [8, 4]),
    of('2', 'Mul', [8, 4]),
    of('3', 'ConvInteger', [8, 4]),
    of('4', 'QLinearConv', [16, 2]),
    of('5', 'MatMulInteger', [10]),
  ];
  assert.deepEqual(
    pairLayers(before, after).map(({ name, before: was, after: is }) => [name, was?.name, is?.name]),
    [
      ['conv1', 'conv1', '1'],
      ['2', undefined, '2'],
      ['3', undefined, '3'],
      ['conv2', 'conv2', '4'],
      ['fc', 'fc', '5'],
      ['relu', 'relu', undefined],
    ],
  );
});

test('layers are matched by name; the costliest are listed, the rest summed', () => {
  const pairs = pairLayers(
    [layer('a', 10), layer('b', 50), layer('gone', 5)],
    [layer('a', 4), layer('new', 3), layer('b', 20), layer('zero', 0)],
  );
  assert.deepEqual(
    pairs.map(({ name, before, after }) => [name, before?.macs, after?.macs]),
    [
      ['a', 10, 4],
      ['new', undefined, 3],
      ['b', 50, 20],
      ['zero', undefined, 0],
      ['gone', 5, undefined],
    ],
  );
  const bars = layerBars(pairs, 'macs', 2);
  assert.deepEqual(
    bars.pairs.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.deepEqual([bars.largest, bars.rest], [50, { layers: 2, before: 5, after: 3 }]);
});

test('recipes in words, and a command that is safe in a shell', () => {
  const { models } = digitsRun();
  assert.deepEqual(recipeSteps(models[0].recipe)[0].options.at(-1), { name: 'learning rate', value: '0.001' });
  assert.equal(recipeText(models[1].recipe), 'quantize (mode static, calibration mse)');
  assert.equal(recipeText([]), 'nothing');
  assert.equal(evaluateCommand(models[1]), 'npx espalier eval models/quantize-91be0d44.onnx --data DIR');
  const command = (file: string) => evaluateCommand({ ...models[1], file });
  assert.equal(command("it's; rm -rf $HOME"), `npx espalier eval 'it'\\''s; rm -rf $HOME' --data DIR`);
  assert.equal(command('--data'), 'npx espalier eval ./--data --data DIR');
});

test('training curves and sensitivities leave out what is no number', () => {
  const curves = trainingCurves({
    training: [
      { epoch: 1, loss: 2, learningRate: 0.1 },
      { epoch: 2, loss: Number.NaN, quality: 0.5, learningRate: 0.1 },
    ],
  })!;
  assert.deepEqual(curves.loss, [{ name: 'training loss', points: [{ epoch: 1, value: 2 }] }]);
  assert.deepEqual(curves.quality, [{ name: 'validation quality', points: [{ epoch: 2, value: 0.5 }] }]);
  assert.equal(trainingCurves({}), undefined);
  const sensitivity = ['a', 'b', 'c'].map((name, i) => ({ layer: name, loss: [0.1, Number.NaN, 0.3][i], decision: 'int8' }));
  assert.deepEqual(
    sensitivityList({ sensitivity }).map(({ layer: name }) => name),
    ['c', 'a'],
  );
});
