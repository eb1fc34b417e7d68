import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, OptionError, Random } from 'espalier/base';
import { crowdingDistances, type Direction, dominates, front, fronts, kneePoint, nonDominatedRanks } from 'espalier/pareto';

const identity = (point: number[]): number[] => point;

/** Points on a coarse grid, so that ties and duplicates are common. */
function randomPoints(random: Random, count: number, objectives: number): number[][] {
  return Array.from({ length: count }, () => Array.from({ length: objectives }, () => random.integer(6)));
}

function randomDirections(random: Random, count: number): Direction[] {
  return Array.from({ length: count }, () => random.pick(['minimize', 'maximize'] as const));
}

/** Dominance by its definition. */
function dominatesPlainly(a: number[], b: number[], directions: Direction[]): boolean {
  const notWorse = directions.every((direction, m) => (direction === 'minimize' ? a[m] <= b[m] : a[m] >= b[m]));
  return notWorse && a.some((value, m) => value !== b[m]);
}

test('dominance: better in one and worse in none, whatever the directions', () => {
  assert.equal(dominates([1, 2], [1, 3], ['minimize', 'minimize']), true);
  assert.equal(dominates([1, 2], [1, 3], ['minimize', 'maximize']), false);
  assert.equal(dominates([1, 2], [2, 1], ['minimize', 'minimize']), false);
  assert.equal(dominates([1, 2], [1, 2], ['minimize', 'minimize']), false);
  assert.equal(dominates([0.9, 10], [0.8, 20], ['maximize', 'minimize']), true);
});

test('front and ranks agree with brute force on random points with ties, 1 to 5 objectives', () => {
  const random = new Random('fronts');
  for (let round = 0; round < 200; round++) {
    const objectives = 1 + (round % 5);
    const points = randomPoints(random, 1 + random.integer(40), objectives);
    const directions = randomDirections(random, objectives);
    const ranks = nonDominatedRanks(points, directions);
    let left = points.map((_, i) => i);
    for (let rank = 0; left.length > 0; rank++) {
      const expected = left.filter((i) => !left.some((j) => dominatesPlainly(points[j], points[i], directions)));
      assert.deepEqual(
        left.filter((i) => ranks[i] === rank),
        expected,
      );
      if (rank === 0) {
        assert.deepEqual(
          front(points, identity, directions),
          expected.map((i) => points[i]),
        );
      }
      left = left.filter((i) => !expected.includes(i));
    }
    const sorted = fronts(points, identity, directions);
    assert.deepEqual(
      sorted.map((group) => group.length),
      sorted.map((_, rank) => ranks.filter((r) => r === rank).length),
    );
  }
});

test('duplicates on the front are all kept, or only the first', () => {
  const items = [
    { id: 'a', at: [1, 2] },
    { id: 'b', at: [2, 1] },
    { id: 'c', at: [1, 2] },
    { id: 'd', at: [2, 2] },
  ];
  const ids = (duplicates?: 'keep' | 'first'): string =>
    front(items, (item) => item.at, ['minimize', 'minimize'], { duplicates })
      .map((item) => item.id)
      .join('');
  assert.equal(ids(), 'abc');
  assert.equal(ids('keep'), 'abc');
  assert.equal(ids('first'), 'ab');
});

test('nothing in, nothing out', () => {
  assert.deepEqual(front([], identity, ['minimize']), []);
  assert.deepEqual(fronts([], identity, ['minimize']), []);
  assert.equal(kneePoint([], identity, ['minimize']), undefined);
  assert.equal(crowdingDistances([], ['minimize']).length, 0);
});

test('numbers that cannot be compared are refused, naming the point and the objective', () => {
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    assert.throws(
      () =>
        front(
          [
            [1, 2],
            [1, bad],
          ],
          identity,
          ['minimize', 'minimize'],
        ),
      (error) => error instanceof DataError && error.where === 'point 1, objective 1',
    );
  }
  assert.throws(() => front([[1]], identity, ['minimize', 'minimize']), DataError);
  assert.throws(() => front([[1]], identity, []), OptionError);
  assert.throws(() => front([[1]], identity, ['up' as Direction]), OptionError);
  assert.throws(() => front([[1]], identity, ['minimize'], { duplicates: 'none' as 'keep' }), OptionError);
});

test('crowding distance: by hand, and duplicates count once', () => {
  const directions: Direction[] = ['minimize', 'maximize'];
  const points = [
    [0, 0],
    [1, 4],
    [4, 8],
    [10, 10],
  ];
  const expected = [Infinity, 4 / 10 + 8 / 10, 9 / 10 + 6 / 10, Infinity];
  assert.deepEqual([...crowdingDistances(points, directions)], expected);
  assert.deepEqual([...crowdingDistances([...points, [1, 4]], directions)], [...expected, 0]);
  assert.deepEqual([...crowdingDistances([[3, 3]], directions)], [Infinity]);
});

test('the knee is the greatest distance to the chord, at any scale and direction', () => {
  const random = new Random('knee');
  for (let round = 0; round < 100; round++) {
    const sharpness = 1.5 + 3 * random.uniform();
    const scale = 10 ** random.uniform(-3, 6);
    const curve = Array.from({ length: 30 }, (_, i) => [i / 29, scale * (1 - (i / 29) ** (1 / sharpness))]);
    const [[x0, y0], [x1, y1]] = [curve[0], curve[29]];
    // Both axes scaled to the front's range.
    const distance = ([x, y]: number[]): number => 1 - (x - x0) / (x1 - x0) - (y - y1) / (y0 - y1);
    const expected = curve.reduce((best, point) => (distance(point) > distance(best) + 1e-12 ? point : best));
    const shuffled = random.shuffle([...curve, [0.9, scale * 2]]);
    assert.deepEqual(kneePoint(shuffled, identity, ['minimize', 'minimize']), expected);
    const mirrored = shuffled.map(([x, y]) => [x, -y]);
    assert.deepEqual(kneePoint(mirrored, identity, ['minimize', 'maximize']), [expected[0], -expected[1]]);
  }
});

test('the knee of one point is that point; of several equal ones the first', () => {
  assert.deepEqual(kneePoint([[5, 5]], identity, ['minimize', 'minimize']), [5, 5]);
  const items = [{ id: 1 }, { id: 2 }];
  assert.equal(
    kneePoint(items, () => [1, 1], ['minimize', 'maximize']),
    items[0],
  );
});
