import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OptionError, Random } from 'espalier/base';
import { quantize, quantizeAwareTrain } from 'espalier/compression/quantization';
import { arrayDataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { addMetric, lossBetween, type Metric, metricNamed, predictedClasses, share } from 'espalier/metrics';
import { createTask } from 'espalier/modalities';
import type { Model } from 'espalier/onnx';
import { type ModelInfo, optimize, shrinkAndImprove, techniques } from 'espalier/strategies';
import { openWorkspace } from 'espalier/strategies/node';
import { checkOptions } from 'espalier/technique';
import { evaluate, type Task, train } from 'espalier/training';
import { broken, violations } from '#dist/strategies/criteria/limits.js';
import { markFront } from '#dist/strategies/settle/front.js';
import { sourceOf } from '../data/support.js';
import { QUICK_HOST } from '../strategies/small-run.js';
import { clusters, smallMlp } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-metrics-'));
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The share of the class that is missed most: less is better. */
const worstMiss: Metric<'classes'> = {
  name: 'worstMiss',
  label: 'largest miss',
  answers: 'classes',
  direction: 'minimize',
  scale: share,
  tolerance: 0.02,
  score: (scores, labels) => {
    const [all, missed] = [new Float64Array(scores.classes), new Float64Array(scores.classes)];
    predictedClasses(scores).forEach((guess, row) => {
      all[labels[row]]++;
      missed[labels[row]] += Number(guess !== labels[row]);
    });
    return all.reduce((most, count, c) => (count > 0 ? Math.max(most, missed[c] / count) : most), 0);
  },
};
addMetric(worstMiss);

/** Rows of which a number is to be predicted: a linear part, a product, and noise. */
const prices = (() => {
  const random = new Random('prices');
  const [size, width] = [900, 6];
  const x = Float32Array.from({ length: size * width }, () => random.normal());
  const values = Float32Array.from({ length: size }, (_, i) => {
    const row = x.subarray(i * width, (i + 1) * width);
    return 2 * row[0] - row[1] + row[2] * row[3] + 0.1 * random.normal();
  });
  return arrayDataset({
    name: 'prices',
    inputs: { x: { type: 'float32', shape: [size, width], data: x } },
    targets: { kind: 'numbers', columns: ['price'], values },
  });
})();

let task: Task;

before(async () => {
  const options = { metric: 'rmse', preprocess: 'raw', splits: { calibration: 60 } };
  ({ task } = await createTask(smallMlp({ classes: 1 }), sourceOf(prices), runtime, options));
});

/** A net that has learnt the prices. */
async function pricing(hidden: number): Promise<Model> {
  const options = { epochs: 12, batchSize: 32, learningRate: 0.02, evaluateEvery: 0 };
  return (await train({ model: smallMlp({ hidden, classes: 1 }), task, runtime, options })).model;
}

test('a metric from outside is found by name as others are; a name that is taken is refused', async () => {
  assert.equal(metricNamed('worst-miss'), worstMiss);
  assert.throws(() => addMetric({ ...worstMiss, name: 'Worst_Miss' }), OptionError);
  await assert.rejects(
    createTask(smallMlp(), sourceOf(clusters()), runtime, { metric: 'nothing' }),
    (error) => error instanceof OptionError && /"nothing".*accuracy.*worstMiss/s.test(error.message),
  );
});

test('asked for by createTask it leads the evaluation, beside all others', async () => {
  const { task: own } = await createTask(smallMlp(), sourceOf(clusters({ size: 300 })), runtime, { metric: 'worstMiss' });
  assert.equal(own.metric, worstMiss);
  const quality = await evaluate(smallMlp(), own, runtime);
  const { metric, value, confusion = [], details } = quality;
  const byHand = Math.max(...confusion.map((row, i) => 1 - row[i] / row.reduce((a, b) => a + b, 0)));
  assert.deepEqual([metric, details.worstMiss], ['worstMiss', value]);
  assert.ok(Math.abs(value - byHand) < 1e-12, `${value}, ${byHand}`);
  assert.ok(details.accuracy > 0 && details.logLoss > 0);
});

test('early stopping keeps the epoch where a minimized metric is smallest, and counts its patience from there', async () => {
  const { task: own } = await createTask(smallMlp(), sourceOf(clusters({ size: 300 })), runtime, {
    metric: 'worstMiss',
    preprocess: 'raw',
  });
  // A rate at which both go up and down.
  for (const [each, start, learningRate] of [
    [task, smallMlp({ hidden: 12, classes: 1 }), 0.3],
    [own, smallMlp(), 0.8],
  ] as const) {
    const options = { batchSize: 16, learningRate, schedule: { kind: 'constant' } } as const;
    const kept = await train({ model: start, task: each, runtime, options: { ...options, epochs: 10, keepBest: true } });
    const qualities = kept.history.map(({ quality }) => quality as number);
    const best = Math.min(...qualities);
    assert.ok(best < Math.max(...qualities), `${qualities}`);
    const { value } = await evaluate(kept.model, each, runtime);
    assert.ok(Math.abs(value - best) < 1e-6, `${value} of ${qualities}`);

    const { history } = await train({ model: start, task: each, runtime, options: { ...options, epochs: 60, patience: 3 } });
    const values = history.map(({ quality }) => quality as number);
    const first = values.indexOf(Math.min(...values));
    assert.ok(history.length < 60 && history.length === first + 1 + 3, `${values}`);
  }
});

function info(id: string, value: number, bytes: number, breaks: string[] = []): ModelInfo {
  return {
    id,
    label: id,
    file: id,
    recipe: [],
    seed: 0,
    validation: { metric: 'rmse', value, samples: 100, details: {} },
    footprint: { bytes, parameters: 0, weightBytes: bytes, activationBytes: 10 },
    notes: {},
    onFront: false,
    breaks,
  };
}

test('a front of errors: the smallest error first, what guessing would beat is off, and the volume is counted downwards', () => {
  const rmse = metricNamed('rmse');
  const baseline = info('original', 0.2, 1000);
  baseline.validation = { ...baseline.validation, chance: 0.5 };
  const given = [info('larger', 0.1, 2000), info('small', 0.3, 100), info('beaten', 0.35, 400), info('guessing', 0.5, 10)];
  const { models, hypervolume } = markFront(given, baseline, ['quality', 'bytes'], rmse);
  assert.deepEqual(
    models.filter(({ onFront }) => onFront).map(({ id }) => id),
    ['larger', 'small'],
  );
  // Reference: 0.5 and 1100 bytes; "larger" lies beyond it. The baseline 0.3 × 100, the small one 0.2 × 1000, both 0.2 × 100.
  assert.ok(Math.abs(hypervolume - (0.3 * 100 + 0.2 * 1000 - 0.2 * 100)) < 1e-9, String(hypervolume));
});

test('limits of errors: the drop is in percent of the original, the least quality is the largest error', () => {
  const rmse = metricNamed('rmse');
  const found = (value: number) => violations({ maxDrop: 10, minQuality: 0.25 }, info('x', value, 1), info('original', 0.2, 1), rmse);
  assert.ok(Math.abs(found(0.23).maxDrop - 5) < 1e-9, '15% worse where 10% are allowed');
  assert.deepEqual(broken(found(0.22)), [], 'exactly 10%');
  assert.deepEqual(broken(found(0.23)), ['maxDrop']);
  assert.deepEqual(broken(found(0.26)), ['maxDrop', 'minQuality']);
  assert.deepEqual(broken(found(0.1)), []);
  const share = (value: number) => violations({ maxDrop: 2 }, info('x', value, 1), info('original', 0.1, 1), worstMiss);
  assert.deepEqual([broken(share(0.115)), broken(share(0.125))], [[], ['maxDrop']], 'a share is compared in points');
});

test('quantization keeps an error within its tolerance, in parts of what it was', async () => {
  const model = await pricing(48);
  const before = (await evaluate(model, task, runtime)).value;
  const apply = async (tolerance: number) => {
    // What is left in float is looked at alone: repairs would make it unnecessary.
    const repairs = { equalize: 'never', smooth: 'never', correctBias: 'never' };
    const options = checkOptions(quantize, { weightType: 'int4', perChannel: false, tolerance, sensitivity: false, ...repairs });
    const { model: small, notes } = await quantize.apply({ model, task, runtime, seed: 0 }, options);
    return { loss: notes.facts?.loss as number, floats: notes.facts?.floatLayers as number, small };
  };
  const all = await apply(100);
  const rmse = (await evaluate(all.small, task, runtime)).value;
  assert.ok(Math.abs(all.loss - (rmse - before) / before) < 1e-6, `${all.loss}: ${before} to ${rmse}`);
  assert.equal(all.loss, lossBetween(task.metric, before, rmse));
  assert.ok(all.loss > 0.02 && all.floats === 0, `4 bits cost ${all.loss}`);
  const some = await apply(all.loss * 0.95);
  assert.ok(some.floats > 0 && some.loss < all.loss, `${some.floats} in float, loss ${some.loss} instead of ${all.loss}`);
});

test('training of integers keeps what has the smaller error, trained or not', async () => {
  const model = await pricing(48);
  const before = (await evaluate(model, task, runtime)).value;
  for (const epochs of [1, 30]) {
    const options = checkOptions(quantizeAwareTrain, { weightType: 'int4', perChannel: false, epochs });
    const { model: small, notes } = await quantizeAwareTrain.apply({ model, task, runtime, seed: 0 }, options);
    const { loss, lossBeforeTraining } = notes.facts as Record<string, number>;
    assert.ok(loss <= lossBeforeTraining, `${loss} after ${epochs} epochs, ${lossBeforeTraining} before`);
    assert.equal(loss, lossBetween(task.metric, before, (await evaluate(small, task, runtime)).value));
    if (epochs > 1) assert.ok(loss < 0.5 * lossBeforeTraining, `training wins something back: ${loss} of ${lossBeforeTraining}`);
  }
});

test('optimize: a front by a minimized metric, its models within the limit and not beaten, the best first', async () => {
  const workspace = await openWorkspace(join(folder, 'run'));
  const maxDrop = 20;
  const run = await optimize({
    name: 'prices',
    // So many weights that integers save more than their scales take.
    original: await pricing(256),
    task,
    strategy: shrinkAndImprove,
    registry: techniques,
    runtime,
    workspace,
    host: QUICK_HOST,
    options: { trials: 4, epochs: 2, threads: 1, seed: 1, limits: { maxDrop } },
  });
  await workspace.close();
  assert.equal(run.trials.failed, 0, JSON.stringify(run.failures));
  assert.equal(run.task.metric, 'rmse');
  const { baseline, models } = run;
  const front = models.filter(({ onFront }) => onFront);
  assert.ok(front.length > 0, JSON.stringify(models.map(({ label, validation }) => [label, validation.value])));
  const errors = front.map(({ validation }) => validation.value);
  assert.deepEqual(
    errors,
    [...errors].sort((a, b) => a - b),
  );
  for (const each of models) {
    const drop = (100 * (each.validation.value - baseline.validation.value)) / baseline.validation.value;
    assert.equal(each.breaks.includes('maxDrop'), drop > maxDrop + 1e-9, `${each.label}: ${drop}%`);
    assert.ok(!each.onFront || each.breaks.length === 0);
    const isBeaten = [...models, baseline].some(
      (other) =>
        other.breaks.length === 0 &&
        other.validation.value < each.validation.value &&
        other.footprint.bytes <= each.footprint.bytes &&
        (other.footprint.macs as number) <= (each.footprint.macs as number),
    );
    assert.ok(!(each.onFront && isBeaten), `${each.label} is beaten and on the front`);
  }
  const [best] = front;
  const card = JSON.parse(readFileSync(join(folder, 'run', best.card as string), 'utf8'));
  assert.equal(card.quality.test.metric, 'rmse');
});
