import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gpSampler, randomSampler, runStudy, SearchSpace } from 'espalier/automation';
import { OptionError, Random } from 'espalier/base';
import { hypervolume } from 'espalier/pareto';
import { freeBoxes } from '#dist/automation/samplers/gp/boxes.js';
import { logExpectedHypervolumeImprovement, logPositivePart } from '#dist/automation/samplers/gp/improvement.js';
import { logMassBelow } from '#dist/automation/samplers/gp/normal.js';
import { GaussianProcess } from '#dist/automation/samplers/gp/regression.js';
import { axesOf } from '#dist/automation/samplers/rows.js';
import { branin } from './functions.js';

const fixture = JSON.parse(readFileSync('tests/fixtures/automation/gp.json', 'utf8'));
const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual} instead of ${expected}`);

test('the posterior is that of NumPy, for numbers and choices', () => {
  const space = new SearchSpace({
    x: { type: 'float', low: 0, high: 1 },
    y: { type: 'float', low: 0, high: 1 },
    kind: { type: 'categorical', choices: ['a', 'b', 'c'] },
  });
  const rows = (points: number[][]): Float64Array[] => points.map((point) => Float64Array.from(point));
  const { lengths, noise, seen, values, asked, mean, deviation } = fixture;
  const model = new GaussianProcess(axesOf(space), rows(seen), values, { lengths: Float64Array.from(lengths), noise });
  rows(asked).forEach((row, i) => {
    near(model.at(row).mean, mean[i], 1e-9);
    near(model.at(row).deviation, deviation[i], 1e-8);
  });
});

test('logarithms of improvements and masses are those of SciPy, far tails too', () => {
  fixture.z.forEach((z: number, i: number) => {
    near(logPositivePart(z), fixture.logImprovement[i], 1e-9);
    near(logMassBelow(z), fixture.logBelow[i], 1e-10);
  });
});

test('free boxes fill what a front leaves of the volume below the corner', () => {
  const random = new Random(4);
  for (const objectives of [1, 2, 3, 4]) {
    const corner = Array.from({ length: objectives }, () => 1);
    const directions = corner.map(() => 'minimize' as const);
    const costs = Array.from({ length: 12 }, () => corner.map(() => random.uniform(0, 1.1)));
    const volume = freeBoxes(costs, corner).reduce((sum, { low, high }) => {
      return sum + low.reduce((product, start, m) => product * Math.max(0, high[m] - Math.max(0, start)), 1);
    }, 0);
    near(volume, 1 - hypervolume(costs, corner, directions), 1e-12);
  }
});

test('the expected hypervolume improvement is the mean over many draws', () => {
  const random = new Random(8);
  const costs = [
    [0.1, 0.8, 0.5],
    [0.5, 0.4, 0.6],
    [0.7, 0.2, 0.3],
  ];
  for (const objectives of [2, 3]) {
    const front = costs.map((cost) => cost.slice(0, objectives));
    const corner = Array.from({ length: objectives }, () => 1);
    const directions = corner.map(() => 'minimize' as const);
    const normals = corner.map((_, m) => ({ mean: 0.4 + 0.1 * m, deviation: 0.2 + 0.1 * m }));
    const before = hypervolume(front, corner, directions);
    const draws = Array.from({ length: 40_000 }, () => {
      const drawn = normals.map(({ mean, deviation }) => mean + deviation * random.normal());
      return hypervolume([...front, drawn], corner, directions) - before;
    });
    const mean = draws.reduce((sum, each) => sum + each, 0) / draws.length;
    const deviation = Math.sqrt(draws.reduce((sum, each) => sum + (each - mean) ** 2, 0)) / draws.length;
    const expected = Math.exp(logExpectedHypervolumeImprovement(normals, freeBoxes(front, corner)));
    assert.ok(Math.abs(expected - mean) < 4 * deviation, `${expected} instead of ${mean} ± ${deviation}`);
  }
});

// Minimum 0.3979. Measured for seeds 0 to 3, 40 trials one by one: the Gaussian process 0.40 to 0.41, random 0.6 to 2.6.
test('on Branin it comes to the minimum, with a constraint to the feasible one', async () => {
  for (const seed of [0, 1]) {
    const options = { space: branin.space, directions: ['minimize' as const], maxTrials: 40, waveSize: 1, seed };
    const free = await runStudy({ ...options, objective: branin.of, sampler: gpSampler() });
    assert.ok(free.best()!.values![0] < 0.45, String(free.best()!.values));
    const bounded = await runStudy({
      ...options,
      objective: (point) => ({ values: branin.of(point), violations: [(point.x as number) + 1] }),
      sampler: gpSampler(),
    });
    assert.ok(bounded.best()!.values![0] < 0.45 && (bounded.best()!.point.x as number) <= -1, JSON.stringify(bounded.best()));
    const random = await runStudy({ ...options, objective: branin.of, sampler: randomSampler() });
    assert.ok(random.best()!.values![0] > free.best()!.values![0]);
  }
});

test('options out of range are refused', () => {
  for (const options of [{ startupTrials: 0 }, { mostTrials: 10 }, { mostTrials: 30.5 }])
    assert.throws(() => gpSampler(options), OptionError);
});
