import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, OptionError, Random } from 'espalier/base';
import { type Direction, hypervolume, hypervolumeContributions, hypervolumeSubset } from 'espalier/pareto';

function randomPoints(random: Random, count: number, objectives: number): number[][] {
  return Array.from({ length: count }, () => Array.from({ length: objectives }, () => random.uniform()));
}

function minimizing(objectives: number): Direction[] {
  return Array.from({ length: objectives }, () => 'minimize');
}

/** The union of boxes by inclusion and exclusion over every subset. */
function byInclusionExclusion(points: number[][], reference: number[]): number {
  let total = 0;
  for (let subset = 1; subset < 2 ** points.length; subset++) {
    const chosen = points.filter((_, i) => (subset >> i) & 1);
    const sides = reference.map((corner, m) => Math.max(0, corner - Math.max(...chosen.map((point) => point[m]))));
    total += (chosen.length % 2 === 1 ? 1 : -1) * sides.reduce((product, side) => product * side, 1);
  }
  return total;
}

const near = (got: number, expected: number, tolerance = 1e-10): void =>
  assert.ok(Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${got} is not ${expected}`);

test('one point spans a box, in any number of objectives and any direction', () => {
  near(hypervolume([[1]], [4], ['minimize']), 3);
  near(hypervolume([[1, 2]], [4, 4], ['minimize', 'minimize']), 6);
  near(hypervolume([[5, 2, 7]], [4, 4, 4], ['maximize', 'minimize', 'maximize']), 1 * 2 * 3);
  assert.equal(hypervolume([], [1, 1], ['minimize', 'minimize']), 0);
});

test('a staircase has the closed form n(n + 1) / 2', () => {
  const points = Array.from({ length: 100 }, (_, i) => [i, 99 - i]);
  near(hypervolume(points, [100, 100], ['minimize', 'minimize']), 5050);
});

test('points on the plane x + y + z = n - 1 leave out the unit cubes below it: n³ - (n + 1)n(n - 1) / 6', () => {
  const n = 12;
  const points: number[][] = [];
  for (let x = 0; x < n; x++) for (let y = 0; x + y < n; y++) points.push([x, y, n - 1 - x - y]);
  near(hypervolume(points, [n, n, n], minimizing(3)), n ** 3 - ((n + 1) * n * (n - 1)) / 6);
});

test('agrees with inclusion and exclusion on random points, 1 to 6 objectives', () => {
  const random = new Random('hypervolume');
  for (let round = 0; round < 120; round++) {
    const objectives = 1 + (round % 6);
    const points = randomPoints(random, 1 + random.integer(9), objectives);
    const reference = Array.from({ length: objectives }, () => random.uniform(0.6, 1.2));
    near(hypervolume(points, reference, minimizing(objectives)), byInclusionExclusion(points, reference));
  }
});

test('agrees with Monte Carlo for many points', () => {
  const random = new Random('monte carlo');
  for (const objectives of [2, 3, 4]) {
    const points = randomPoints(random, 40, objectives);
    const samples = 40_000;
    let inside = 0;
    for (let i = 0; i < samples; i++) {
      const sample = randomPoints(random, 1, objectives)[0];
      if (points.some((point) => point.every((value, m) => value <= sample[m]))) inside++;
    }
    const reference = Array.from({ length: objectives }, () => 1);
    // Four standard errors of a proportion.
    near(hypervolume(points, reference, minimizing(objectives)), inside / samples, (4 * 0.5) / Math.sqrt(samples));
  }
});

test('dominated and repeated points and those beyond the reference add nothing; order does not matter', () => {
  const random = new Random('invariance');
  for (const objectives of [2, 3, 5]) {
    const points = randomPoints(random, 12, objectives);
    const reference = Array.from({ length: objectives }, () => 0.9);
    const volume = hypervolume(points, reference, minimizing(objectives));
    const worse = points[0].map((value) => value + 0.05);
    const outside = points[0].map((_, m) => (m === 0 ? 0.9 : 0));
    near(hypervolume(random.shuffle([...points, worse, points[3], outside]), reference, minimizing(objectives)), volume);
  }
});

test('maximizing is minimizing the negative', () => {
  const random = new Random('mirror');
  const points = randomPoints(random, 15, 3);
  const expected = hypervolume(points, [1, 1, 1], minimizing(3));
  near(
    hypervolume(
      points.map(([x, y, z]) => [x, -y, -z]),
      [1, -1, -1],
      ['minimize', 'maximize', 'maximize'],
    ),
    expected,
  );
});

test('a contribution is what is lost without the point', () => {
  const random = new Random('contributions');
  for (const objectives of [1, 2, 3, 4]) {
    const points = [...randomPoints(random, 10, objectives), Array.from({ length: objectives }, () => 2)];
    points.push(points[0]);
    const reference = Array.from({ length: objectives }, () => 1);
    const directions = minimizing(objectives);
    const whole = hypervolume(points, reference, directions);
    hypervolumeContributions(points, reference, directions).forEach((contribution, i) => {
      near(
        contribution,
        whole -
          hypervolume(
            points.filter((_, j) => j !== i),
            reference,
            directions,
          ),
      );
    });
  }
});

test('the lazy greedy subset is the plain greedy subset', () => {
  const random = new Random('subset');
  for (let round = 0; round < 30; round++) {
    const objectives = 2 + (round % 3);
    const points = randomPoints(random, 14, objectives);
    const reference = Array.from({ length: objectives }, () => 0.9);
    const directions = minimizing(objectives);
    const plain: number[] = [];
    while (plain.length < 6) {
      const gain = (i: number): number =>
        plain.includes(i)
          ? -1
          : hypervolume(
              [...plain, i].map((j) => points[j]),
              reference,
              directions,
            );
      plain.push(points.map((_, i) => i).reduce((best, i) => (gain(i) > gain(best) + 1e-13 ? i : best)));
    }
    const volumeOf = (chosen: number[]): number =>
      hypervolume(
        chosen.map((i) => points[i]),
        reference,
        directions,
      );
    const lazy = hypervolumeSubset(points, 6, reference, directions);
    assert.equal(new Set(lazy).size, 6);
    near(volumeOf(lazy), volumeOf(plain));
  }
  assert.deepEqual(
    hypervolumeSubset(
      [
        [2, 2],
        [0, 0],
        [2, 2],
      ],
      3,
      [1, 1],
      minimizing(2),
    ),
    [1, 0, 2],
  );
});

test('bad input is refused', () => {
  assert.throws(() => hypervolume([[1, Number.NaN]], [2, 2], minimizing(2)), DataError);
  assert.throws(() => hypervolume([[1, 1]], [2, Infinity], minimizing(2)), OptionError);
  assert.throws(() => hypervolume([[1, 1]], [2], minimizing(2)), OptionError);
  assert.throws(() => hypervolumeSubset([[1, 1]], 2, [2, 2], minimizing(2)), OptionError);
});
