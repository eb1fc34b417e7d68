import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withRates } from 'espalier/infrastructure/hardware';
import { compareCosts, frontRows, servingConditions, servingTableOf, trainingText } from 'espalier/report/info';
import { frontTable, reportHtml } from 'espalier/report/render';
import type { RunInfo, ServingInfo } from 'espalier/strategies';
import { digitsRun } from '../fixtures/report/samples.js';

/** A run whose front serves one and two requests at a time, the models twice as many as the original. */
function served(rates: { watts?: number; pricePerHour?: number }, estimatedFor?: string): RunInfo {
  const run = digitsRun();
  const serving = (throughput: number): ServingInfo[] =>
    [1, 2].map((concurrent) => {
      const each = { concurrent, throughput: throughput * concurrent, p50: 1, p95: 2, memory: 3e6 * concurrent };
      return { ...withRates(each, rates), ...(estimatedFor !== undefined && { estimatedFor }) };
    });
  const withServing = (model: RunInfo['baseline'], throughput: number) => ({
    ...model,
    footprint: { ...model.footprint, serving: serving(throughput), trainingMicrojoules: 5e9 },
  });
  return {
    ...run,
    options: { ...run.options, ...rates },
    baseline: withServing(run.baseline, 1000),
    models: run.models.map((model) => (model.onFront ? withServing(model, 2000) : model)),
    training: { epochs: 40, microjoules: 7e9, runJoules: 12_000 },
    seconds: 400,
  };
}

test('serving as a table: energy and cost have columns where they are known', () => {
  const { headings, rows } = servingTableOf(served({}).baseline.footprint.serving ?? []);
  assert.deepEqual(headings, ['requests at a time', 'samples/s', 'p50', 'p95', 'memory']);
  assert.deepEqual(rows[1], ['2', '2 K', '1 ms', '2 ms', '6 MB']);
  const priced = servingTableOf(served({ watts: 36, pricePerHour: 0.72 }).baseline.footprint.serving ?? []);
  assert.deepEqual(priced.headings.slice(5), ['energy per million', 'cost per million']);
  // 1,000 seconds at 36 W are 0.01 kWh, and at 0.72 an hour they cost 0.2; two at a time take half of that.
  assert.deepEqual(
    priced.rows.map((row) => row.slice(5)),
    [
      ['0.01 kWh', '0.2'],
      ['0.005 kWh', '0.1'],
    ],
  );
});

test('figures say whether they were measured here, and at which rates', () => {
  const measured = served({ watts: 36, pricePerHour: 0.72 });
  const sentence = servingConditions(measured.baseline.footprint.serving ?? [], measured);
  assert.equal(sentence, 'Measured here: one program of one thread for each request; energy and cost at 36 W and 0.72 an hour, as given.');
  const estimated = served({}, 'NVIDIA T4');
  assert.match(servingConditions(estimated.baseline.footprint.serving ?? [], estimated), /^An estimate for NVIDIA T4, not measured/);
  assert.equal(
    trainingText(measured),
    'Trainings: 40 epochs, 7 kJ by an estimate of their steps; the whole run, 6 min 40 s at the watts given, 12 kJ.',
  );
  assert.equal(trainingText({ ...measured, training: { epochs: 0, microjoules: 0 } }), undefined);
});

test('models compare by what they cost where they serve most', () => {
  const run = served({ pricePerHour: 0.72 });
  const model = run.models.find(({ onFront }) => onFront) ?? run.baseline;
  const cost = compareCosts(model, run.baseline).find(({ measure }) => measure.name === 'cost');
  assert.ok(Math.abs((cost?.ratio ?? 0) - 2) < 1e-9 && Math.abs((cost?.after ?? 0) - 0.05) < 1e-9);
  assert.deepEqual(
    frontRows(run)
      .slice(0, 2)
      .map(({ served: most }) => most),
    [2000, 4000],
  );
});

test('the terminal and the page show it, and nothing of it where nothing was served', () => {
  const run = served({ watts: 36, pricePerHour: 0.72 });
  const text = frontTable(run, { width: 220 });
  assert.match(text, /samples\/s +per million +cheaper/);
  assert.match(text, /Samples\/s: the most of 1 to 2 requests at a\s+time\. Measured here/);
  assert.match(text, /Trainings: 40 epochs/);
  const page = reportHtml(run);
  assert.match(page, /<h3>Serving<\/h3>/);
  assert.match(page, /Energy of the trainings that made it: 5 kJ, an estimate of their steps\./);
  assert.doesNotMatch(`${frontTable(digitsRun(), { width: 220 })}${reportHtml(digitsRun())}`, /samples\/s +|<h3>Serving|Trainings:/);
});
