import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SearchSpace, type TrialRecord } from 'espalier/automation';
import { Random } from 'espalier/base';
import { type Direction, nonDominatedRanks } from 'espalier/pareto';
import { axesOf, rowOf } from '#dist/automation/samplers/rows.js';
import { contenders } from '#dist/automation/samplers/tpe/contenders.js';
import { normalMass } from '#dist/automation/samplers/tpe/mass.js';
import { Mixture } from '#dist/automation/samplers/tpe/mixture.js';
import { widthsOf } from '#dist/automation/samplers/tpe/widths.js';

const space = new SearchSpace({
  x: { type: 'float', low: 0, high: 1 },
  kind: { type: 'categorical', choices: ['a', 'b', 'c'] },
  tuned: { type: 'float', low: 0, high: 1, when: { kind: 'b' } },
});
const frame = { axes: axesOf(space).slice(0, 2), places: [0, 1] };
const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);

/** Of a mixture over x and kind, what lies in each twentieth of x for each kind, by summing its density. */
function massesOf(mixture: Mixture): number[][] {
  const steps = 50;
  return Array.from({ length: 20 }, (_, part) =>
    [0, 1, 2].map((kind) => {
      let sum = 0;
      for (let i = 0; i < steps; i++) sum += Math.exp(mixture.logDensity([(part + (i + 0.5) / steps) / 20, kind]));
      return sum / (20 * steps) / Math.sqrt(2 * Math.PI);
    }),
  );
}

function mixtureOf(count: number): Mixture {
  const random = new Random(3);
  const rows = Array.from({ length: count }, () => rowOf(space, space.sampleUniform(random)));
  return new Mixture(
    frame,
    rows,
    rows.map(() => 0.2 + random.uniform()),
  );
}

test('a mixture is a density: it sums to one over numbers and choices, with no points, too', () => {
  for (const count of [0, 1, 7, 40]) {
    near(
      massesOf(mixtureOf(count))
        .flat()
        .reduce((sum, mass) => sum + mass, 0),
      1,
      1e-4,
    );
  }
});

test('what is sampled has the frequencies that the density says', () => {
  const mixture = mixtureOf(7);
  const masses = massesOf(mixture);
  const random = new Random(5);
  const draws = 40_000;
  const counts = masses.map(() => [0, 0, 0]);
  for (let i = 0; i < draws; i++) {
    const [x, kind] = mixture.sample(random);
    counts[Math.min(19, Math.floor(20 * x))][kind]++;
  }
  // A sum of 60 squared standard deviations, which is above 110 once in ten thousand times.
  let squares = 0;
  counts.forEach((row, part) => {
    row.forEach((seen, kind) => {
      const expected = draws * masses[part][kind];
      squares += (seen - expected) ** 2 / expected;
    });
  });
  assert.ok(squares < 110, String(squares));
});

test('a point that was seen makes its own surroundings likelier, and weighs as it is told', () => {
  const rows = [rowOf(space, { x: 0.2, kind: 'a' }), rowOf(space, { x: 0.8, kind: 'c' })];
  const light = new Mixture(frame, rows, [1, 1]);
  const heavy = new Mixture(frame, rows, [9, 1]);
  assert.ok(light.logDensity([0.2, 0]) > light.logDensity([0.2, 2]));
  assert.ok(heavy.logDensity([0.2, 0]) > light.logDensity([0.2, 0]));
  assert.ok(heavy.logDensity([0.8, 2]) < light.logDensity([0.8, 2]));
});

test('a choice on which others depend is smoothed as by eight times as many observations', () => {
  const [axis] = axesOf(space).slice(1);
  assert.equal(axis.isBranch, true);
  const rows = Array.from({ length: 7 }, () => rowOf(space, { x: 0.5, kind: 'a' }));
  const shareOf = (isBranch: boolean): number => {
    const own = new Mixture({ axes: [{ ...axis, isBranch }], places: [1] }, rows, new Float64Array(7).fill(1));
    return Math.exp(own.logDensity([1]));
  };
  // Seven kernels give another choice e / (1 + 3 e), with e observations over eight; the prior, of the same weight, a third.
  for (const [isBranch, observations] of [
    [false, 0.5],
    [true, 4],
  ] as const) {
    const each = observations / 8;
    near(shareOf(isBranch), (7 * (each / (1 + 3 * each)) + 1 / 3) / 8, 1e-12);
  }
});

test('kernels are as wide as the larger gap beside them, and neither too narrow nor too wide', () => {
  const centres = [0.1, 0.15, 0.6, 0.9, 0.5];
  const narrowest = 1 / 6;
  const expected = [0.1, 0.45, 0.45, 0.3].map((gap) => Math.max(gap, narrowest));
  assert.deepEqual(
    [...widthsOf(Float64Array.from(centres), Infinity)].map((width) => Number(width.toFixed(12))),
    [...expected, 1].map((width) => Number(width.toFixed(12))),
  );
  const random = new Random(6);
  for (const count of [3, 30, 300]) {
    const many = Float64Array.from({ length: count + 1 }, () => random.uniform());
    const widths = widthsOf(many, Infinity);
    const least = 1 / Math.min(100, count + 2);
    for (let i = 0; i < count; i++) {
      const others = [0, 1, ...many.slice(0, count).filter((_, j) => j !== i)];
      const below = Math.min(...others.filter((other) => other <= many[i]).map((other) => many[i] - other));
      const above = Math.min(...others.filter((other) => other >= many[i]).map((other) => other - many[i]));
      // Neighbours within one bucket of 256 are not looked for.
      near(widths[i], Math.max(least, below, above), 1 / 128);
      assert.ok(widths[i] >= least && widths[i] <= 1);
    }
  }
  assert.deepEqual(
    [...widthsOf(Float64Array.of(0.5, 0.5, 0.5), 2)],
    [0.5, 0.5, 1].map((width) => width),
  );
});

test('the mass of a normal within bounds is that of tables', () => {
  for (const [low, high, mass] of [
    [-1, 1, 0.6826894921],
    [-2, 2, 0.9544997361],
    [0, 9, 0.5],
    [-9, 9, 1],
    [1, 2, 0.1359051219],
  ])
    near(normalMass(low, high, 0, 1), mass, 2e-7);
  near(normalMass(0, 1, 0.5, 0.01), 1, 1e-12);
});

test('whoever is left out of the contenders has as many before it as are wanted, for one objective to four, with ties', () => {
  const random = new Random('contenders');
  for (const objectives of [1, 2, 3, 4]) {
    for (const isCoarse of [false, true]) {
      const directions = Array.from({ length: objectives }, (_, m): Direction => (m % 2 ? 'maximize' : 'minimize'));
      const trials = Array.from({ length: 800 }, (_, number): TrialRecord => {
        const values = directions.map(() => (isCoarse ? random.integer(9) : random.uniform()));
        return { number, point: {}, seed: 0, state: 'completed', reports: [], attributes: {}, values };
      });
      const ranks = nonDominatedRanks(
        trials.map(({ values }) => values!),
        directions,
      );
      for (const count of [1, 25]) {
        const able = contenders(trials, count, directions);
        const kept = new Set(able);
        const best = trials.map(({ number }) => number).sort((a, b) => ranks[a] - ranks[b])[count - 1];
        for (const trial of trials) assert.ok(kept.has(trial) || ranks[trial.number] > ranks[best]);
        assert.deepEqual(
          able,
          trials.filter((trial) => kept.has(trial)),
        );
        if (objectives < 3 && !isCoarse) assert.ok(able.length < 0.4 * trials.length, String(able.length));
      }
    }
  }
});
