import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Parameter, type Point, SearchSpace, type SpaceDefinition } from 'espalier/automation';
import { OptionError, Random } from 'espalier/base';

const conditional: SpaceDefinition = {
  bits: { type: 'categorical', choices: [4, 8], when: { technique: 'quantize' } },
  technique: { type: 'categorical', choices: ['none', 'quantize', 'prune'] },
  ratio: { type: 'float', low: 0.1, high: 0.9, step: 0.1, when: { technique: ['prune'] } },
  rounds: { type: 'integer', low: 1, high: 3, when: { ratio: [0.8, 0.9] } },
  seed: { type: 'integer', low: 0, high: 1 },
};

test('a conditional space is counted and listed exactly', () => {
  const space = new SearchSpace(conditional);
  // none: 1, quantize: 2 widths, prune: 7 ratios without rounds and 2 with three of them; all twice for the seed.
  assert.equal(space.size, 2 * (1 + 2 + 7 + 2 * 3));
  const points = [...space.grid()];
  assert.equal(points.length, space.size);
  assert.equal(new Set(points.map((point) => space.key(point))).size, space.size);
  assert.ok(
    points.some((point) => point.ratio === 0.3),
    'steps are free of rounding noise',
  );
});

test('size and grid agree on random conditional spaces', () => {
  const random = new Random('spaces');
  for (let round = 0; round < 60; round++) {
    const definition: Record<string, Parameter> = {};
    for (let i = 0; i < 6; i++) {
      const parent = random.integer(i + 1);
      const when = random.uniform() < 0.6 && parent < i ? { [`p${parent}`]: random.uniform() < 0.5 ? 0 : [0, 1] } : undefined;
      definition[`p${i}`] =
        random.uniform() < 0.5
          ? { type: 'integer', low: 0, high: 1 + random.integer(2), when }
          : { type: 'categorical', choices: [0, 1, 'x'], when };
    }
    const space = new SearchSpace(definition);
    const keys = new Set([...space.grid()].map((point) => space.key(point)));
    assert.equal(keys.size, space.size);
  }
});

test('many independent branches are counted without going through their product', () => {
  const definition: Record<string, Parameter> = {};
  for (let i = 0; i < 60; i++) {
    definition[`use${i}`] = { type: 'categorical', choices: [false, true] };
    definition[`value${i}`] = { type: 'integer', low: 1, high: 3, when: { [`use${i}`]: true } };
  }
  assert.equal(new SearchSpace(definition).size, 4 ** 60);
});

test('an infinite space has a grid of a given resolution, ends included', () => {
  const space = new SearchSpace({ rate: { type: 'float', low: 1e-4, high: 1, log: true }, depth: { type: 'integer', low: 2, high: 3 } });
  assert.equal(space.size, Infinity);
  assert.equal(space.gridSize(5), 10);
  const rates = [...space.grid(5)].filter((point) => point.depth === 2).map((point) => point.rate as number);
  assert.equal(rates[0], 1e-4);
  assert.equal(rates[4], 1);
  rates.forEach((rate, i) => {
    assert.ok(Math.abs(Math.log10(rate) - (i - 4)) < 1e-12);
  });
  assert.throws(() => [...space.grid()], OptionError);
  assert.throws(() => [...space.grid(0)], OptionError);
});

test('uniform samples: every value in its share, on its scale', () => {
  const space = new SearchSpace({
    choice: { type: 'categorical', choices: ['a', 'b', 'c'] },
    width: { type: 'integer', low: 8, high: 24, step: 8 },
    rate: { type: 'float', low: 1e-4, high: 1, log: true },
    share: { type: 'float', low: 0, high: 1, step: 0.25 },
  });
  const random = new Random(7);
  const n = 6000;
  const points = Array.from({ length: n }, () => space.sampleUniform(random));
  const shareOf = (holds: (point: Point) => boolean): number => points.filter(holds).length / n;
  for (const choice of ['a', 'b', 'c']) assert.ok(Math.abs(shareOf((point) => point.choice === choice) - 1 / 3) < 0.03);
  for (const width of [8, 16, 24]) assert.ok(Math.abs(shareOf((point) => point.width === width) - 1 / 3) < 0.03);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) assert.ok(Math.abs(shareOf((point) => point.share === share) - 0.2) < 0.03);
  assert.ok(Math.abs(shareOf((point) => (point.rate as number) < 1e-2) - 0.5) < 0.03);
  for (const point of points) space.check(point);
});

test('a logarithmic integer gives every value its share of the scale', () => {
  const space = new SearchSpace({ n: { type: 'integer', low: 1, high: 64, log: true } });
  const random = new Random(3);
  const draws = Array.from({ length: 8000 }, () => space.sampleUniform(random).n as number);
  const whole = Math.log(64.5) - Math.log(0.5);
  for (const n of [1, 2, 5, 64]) {
    const expected = (Math.log(n + 0.5) - Math.log(n - 0.5)) / whole;
    assert.ok(Math.abs(draws.filter((draw) => draw === n).length / draws.length - expected) < 0.02);
  }
});

test('points are checked, and equal points have equal keys', () => {
  const space = new SearchSpace(conditional);
  const point = { seed: 1, ratio: 0.1 + 0.2, technique: 'prune' };
  assert.deepEqual(space.check(point), { technique: 'prune', ratio: 0.3, seed: 1 });
  assert.equal(space.key(point), space.key({ technique: 'prune', ratio: 0.3, seed: 1 }));
  const refused: [Point, string][] = [
    [{ technique: 'quantize', seed: 1 }, 'bits'],
    [{ technique: 'none', seed: 1, bits: 4 }, 'bits'],
    [{ technique: 'none', seed: 2 }, 'seed'],
    [{ technique: 'none', seed: 0.5 }, 'seed'],
    [{ technique: 'other', seed: 0 }, 'technique'],
    [{ technique: 'prune', seed: 0, ratio: 0.35 }, 'ratio'],
    [{ technique: 'prune', seed: 0, ratio: 0.9 }, 'rounds'],
    [{ technique: 'none', seed: Number.NaN }, 'seed'],
    [{ technique: 'none', seed: 0, extra: 1 }, 'extra'],
  ];
  for (const [bad, name] of refused) {
    assert.throws(
      () => space.check(bad),
      (error) => error instanceof OptionError && error.where === `parameter "${name}"`,
      JSON.stringify(bad),
    );
  }
});

test('a space survives JSON and is the same', () => {
  const space = new SearchSpace(conditional);
  const again = new SearchSpace(JSON.parse(JSON.stringify(space.definition)));
  assert.deepEqual(again.names, space.names);
  assert.deepEqual(again.sampleUniform(new Random(5)), space.sampleUniform(new Random(5)));
});

test('spaces that cannot be used are refused', () => {
  const one = (parameter: unknown): SpaceDefinition => ({ p: parameter }) as SpaceDefinition;
  const refused: SpaceDefinition[] = [
    {},
    one({ type: 'real', low: 0, high: 1 }),
    one({ type: 'float', low: 1, high: 0 }),
    one({ type: 'float', low: Number.NaN, high: 1 }),
    one({ type: 'float', low: -Number.MAX_VALUE, high: Number.MAX_VALUE }),
    one({ type: 'float', low: 0, high: 1, log: true }),
    one({ type: 'float', low: 0, high: 1, step: 0 }),
    one({ type: 'float', low: 0, high: 1, steps: 2 }),
    one({ type: 'integer', low: 0.5, high: 1 }),
    one({ type: 'integer', low: 0, high: 4, log: true }),
    one({ type: 'integer', low: 1, high: 9, step: 4, log: true }),
    one({ type: 'categorical', choices: [] }),
    one({ type: 'categorical', choices: ['a', 'a'] }),
    one({ type: 'categorical', choices: [null] }),
    one({ type: 'categorical', choices: ['a'], when: { q: 1 } }),
    one({ type: 'categorical', choices: ['a'], when: { p: 'a' } }),
    { a: { type: 'float', low: 0, high: 1 }, b: { type: 'integer', low: 0, high: 1, when: { a: 0.5 } } },
    { a: { type: 'integer', low: 0, high: 1 }, b: { type: 'integer', low: 0, high: 1, when: { a: 2 } } },
    { a: { type: 'integer', low: 0, high: 1 }, b: { type: 'integer', low: 0, high: 1, when: { a: [] } } },
    { a: { type: 'integer', low: 0, high: 1, when: { b: 1 } }, b: { type: 'integer', low: 0, high: 1, when: { a: 1 } } },
  ];
  for (const definition of refused) assert.throws(() => new SearchSpace(definition), OptionError, JSON.stringify(definition));
});

test('one value only is fine', () => {
  const space = new SearchSpace({ a: { type: 'float', low: 2, high: 2 }, b: { type: 'integer', low: 3, high: 3 } });
  assert.equal(space.size, 1);
  assert.deepEqual(space.sampleUniform(new Random(1)), { a: 2, b: 3 });
});
