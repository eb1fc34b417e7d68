import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from 'espalier/base';
import { metricNamed } from 'espalier/metrics';
import type { ModelInfo } from 'espalier/strategies';
import { broken, checkLimits, violations } from '#dist/strategies/criteria/limits.js';
import { objectivesFor, objectiveValue } from '#dist/strategies/criteria/objectives.js';
import { settingsOf } from '#dist/strategies/plan/settings.js';
import { recipeLabel } from '#dist/strategies/recipes/labels.js';
import { markFront } from '#dist/strategies/settle/front.js';

function model(id: string, quality: number, bytes: number, macs: number | undefined = bytes, breaks: string[] = []): ModelInfo {
  return {
    id,
    label: id,
    file: `models/${id}.onnx`,
    recipe: [],
    seed: 0,
    validation: { metric: 'accuracy', value: quality, samples: 100, details: {} },
    footprint: { bytes, parameters: 0, weightBytes: bytes, macs, activationBytes: 10 },
    notes: {},
    onFront: false,
    breaks,
  };
}

const metric = metricNamed('accuracy');
/** Two classes, three of the four validation samples in the first: guessing reaches 75%. */
const baseline = withChance(model('original', 0.95, 1000), 0.75);

function withChance(info: ModelInfo, chance: number): ModelInfo {
  return { ...info, validation: { ...info.validation, chance } };
}
const front = (...models: ModelInfo[]) =>
  markFront(models, baseline, ['quality', 'bytes', 'macs'], metric)
    .models.filter(({ onFront }) => onFront)
    .map(({ id }) => id);

test('on the front: what no other model beats in everything, best quality first', () => {
  assert.deepEqual(front(model('small', 0.9, 100), model('middle', 0.93, 500), model('beaten', 0.89, 500)), ['middle', 'small']);
});

test('not on the front: what the baseline beats, what breaks a limit, what is no better than guessing', () => {
  assert.deepEqual(front(model('worse', 0.94, 1000), model('larger', 0.95, 1001)), []);
  assert.deepEqual(front(model('forbidden', 0.97, 100, 100, ['maxSize']), model('guessing', 0.75, 10), model('fine', 0.76, 20)), ['fine']);
});

test('a baseline that breaks a limit keeps nothing off the front', () => {
  const heavy = { ...baseline, breaks: ['maxLatency'] };
  const { models } = markFront([model('allowed', 0.94, 1000)], heavy, ['quality', 'bytes'], metric);
  assert.deepEqual(
    models.map(({ onFront }) => onFront),
    [true],
  );
});

test('the hypervolume of the front against guessing and 1.1 times the baseline', () => {
  const { hypervolume } = markFront([model('half', 0.85, 500)], baseline, ['quality', 'bytes'], metric);
  // The baseline: (0.95 - 0.75) x 100; the half: (0.85 - 0.75) x 600; they overlap in 0.1 x 100.
  assert.ok(Math.abs(hypervolume - (0.2 * 100 + 0.1 * 600 - 0.1 * 100)) < 1e-9);
});

test('objectives: bytes and MACs as far as they are known, and whatever is limited', () => {
  assert.deepEqual(objectivesFor(undefined, {}, baseline), ['quality', 'bytes', 'macs']);
  assert.deepEqual(objectivesFor(['macs'], { maxMemory: 1, maxLatency: 2 }, baseline), ['quality', 'macs', 'latency', 'memory']);
  const uncounted = { ...baseline, footprint: { ...baseline.footprint, macs: undefined } };
  assert.deepEqual(objectivesFor(undefined, {}, uncounted), ['quality', 'bytes']);
  assert.throws(() => objectivesFor(['macs'], {}, uncounted), OptionError);
  assert.throws(() => objectiveValue(uncounted, 'macs'), OptionError);
});

test('limits: by how much each is broken; exactly at the limit is kept', () => {
  const limits = { maxSize: 400, maxDrop: 2, minQuality: 0.93, maxMacs: 1000 };
  const found = violations(limits, model('x', 0.93, 500), baseline, metric);
  assert.ok(Math.abs(found.maxSize - 0.25) < 1e-12 && Math.abs(found.maxDrop) < 1e-9 && found.maxMacs === -0.5);
  assert.deepEqual(broken(found), ['maxSize']);
  assert.throws(() => checkLimits({ maxSize: 0 }), OptionError);
  assert.throws(() => checkLimits({ maxDrop: Number.NaN }), OptionError);
  checkLimits({ maxDrop: 0, minQuality: 0 });
});

test('settings: defaults are visible, wrong ones are refused', () => {
  const { trials, epochs, jobs, threads, seed, budgetMs } = settingsOf({}, 25_600);
  assert.deepEqual(
    { trials, epochs, jobs, threads, seed, budgetMs },
    { trials: 12, epochs: 10, jobs: 1, threads: 1, seed: 0, budgetMs: Infinity },
  );
  assert.equal(settingsOf({}, 100).epochs, 40);
  assert.equal(settingsOf({}, 1_000_000).epochs, 2);
  for (const wrong of [{ trials: 0 }, { epochs: 1.5 }, { jobs: -1 }, { threads: Number.NaN }, { budgetMs: 0 }, { limits: { maxSize: -1 } }])
    assert.throws(() => settingsOf(wrong, 100), OptionError, JSON.stringify(wrong));
});

test('labels are short', () => {
  const prune = { technique: 'prune', options: { keep: 0.3, importance: 'taylor', tuning: 'distill', learningRate: 0.0031622, epochs: 4 } };
  const int8 = { technique: 'quantize', options: { mode: 'static', calibration: 'mse' } };
  assert.equal(recipeLabel([]), 'original');
  assert.equal(recipeLabel([prune, int8]), 'prune to 30% taylor + int8 mse');
  assert.equal(recipeLabel([{ technique: 'build', options: { architecture: 'survey-cnn', width: 0.375, depth: 1 } }]), 'survey-cnn 0.375x');
  assert.equal(recipeLabel([{ technique: 'unheard-of', options: {} }]), 'unheard-of');
});

test('models are within limits and on the front where the baseline follows itself without any error', () => {
  const judged = (name: string, id: string, quality: number, bytes: number) => {
    const info = model(id, quality, bytes);
    const { chance } = metricNamed(name);
    return { ...info, validation: { ...info.validation, metric: name, ...(chance && { chance: chance(undefined as never, 0) }) } };
  };
  const kept = (name: string, perfect: number, limits: object, [close, far]: readonly [number, number]) => {
    const own = metricNamed(name);
    const original = judged(name, 'original', perfect, 1000);
    const models = [judged(name, 'close', close, 500), judged(name, 'far', far, 400)];
    for (const each of models) each.breaks = broken(violations(limits, each, original, own));
    const found = markFront(models, original, ['quality', 'bytes'], own);
    assert.ok(Number.isFinite(found.hypervolume) && found.hypervolume > 0, name);
    return found.models.filter(({ onFront }) => onFront).map(({ id }) => id);
  };
  assert.deepEqual(kept('sqnr', 150, { maxDrop: 1 }, [41, 39]), ['close']);
  assert.deepEqual(kept('sqnr', 150, { minQuality: 40 }, [41, 39]), ['close']);
  assert.deepEqual(kept('sqnr', 150, {}, [41, 39]), ['close', 'far']);
  assert.deepEqual(kept('maxDifference', 0, { maxDrop: 2 }, [0.01, 0.03]), ['close']);
  assert.deepEqual(kept('maxDifference', 0, { minQuality: 0.02 }, [0.01, 0.03]), ['close']);
});
