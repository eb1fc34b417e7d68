import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autoSampler,
  distinct,
  evolutionSampler,
  gpSampler,
  gridSampler,
  type History,
  nsga2Sampler,
  type Point,
  quasiRandomSampler,
  randomSampler,
  runStudy,
  type Sampler,
  SearchSpace,
  type SpaceDefinition,
  type TrialRecord,
  tpeSampler,
  withPrior,
} from 'espalier/automation';
import { OptionError, Random } from 'espalier/base';
import { type Direction, hypervolume } from 'espalier/pareto';
import { branin, hartmann6, mixed, type TestFunction, zdt1 } from './functions.js';

const samplers: Record<string, () => Sampler> = {
  random: randomSampler,
  grid: () => gridSampler({ resolution: 3 }),
  'quasi-random': quasiRandomSampler,
  tpe: () => tpeSampler({ startupTrials: 5 }),
  gp: () => gpSampler({ startupTrials: 5 }),
  auto: autoSampler,
  evolution: () => evolutionSampler({ populationSize: 6, sampleSize: 3 }),
  nsga2: () => nsga2Sampler({ populationSize: 6 }),
};

const finite: SpaceDefinition = {
  kind: { type: 'categorical', choices: ['x', 'y'] },
  level: { type: 'integer', low: 1, high: 4, when: { kind: 'x' } },
  step: { type: 'float', low: 0, high: 0.3, step: 0.1, when: { kind: 'y' } },
  flag: { type: 'categorical', choices: [true, false] },
};

/** Asks for `count` points one by one; every third result is missing, failed, stopped or infeasible, as in real studies. */
function askAll(
  sampler: Sampler,
  definition: SpaceDefinition,
  count: number,
  seed: number,
  directions: Direction[] = ['minimize'],
): Point[] {
  const space = new SearchSpace(definition);
  const outcomes = new Random('outcomes');
  const trials: TrialRecord[] = [];
  for (let number = 0; number < count; number++) {
    const history: History = { seed, directions, reportDirection: directions[0], trials };
    const point = sampler.ask(space, history, new Random(seed).fork(number));
    if (!point) break;
    space.check(point);
    const base = { number, point, seed: 0, reports: [], attributes: {} };
    const values = directions.map(() => outcomes.integer(5));
    const kind = outcomes.integer(12);
    if (kind === 0) trials.push({ ...base, state: 'running' });
    else if (kind === 1) trials.push({ ...base, state: 'failed', error: { name: 'Error', message: 'no' } });
    else if (kind === 2) trials.push({ ...base, state: 'stopped', reports: [{ step: number, value: number % 2 ? Number.NaN : 1 }] });
    else if (kind === 3) trials.push({ ...base, state: 'completed', values, violations: [-1, 2] });
    else trials.push({ ...base, state: 'completed', values });
  }
  return trials.map((trial) => trial.point);
}

for (const [name, make] of Object.entries(samplers)) {
  test(`${name}: points are in the space, conditions respected, for one objective and three`, () => {
    for (const definition of [finite, mixed.space, hartmann6.space]) {
      // askAll checks each point, which refuses values out of range and parameters that are missing or inactive.
      assert.ok(askAll(make(), definition, 40, 1).length > 10);
      assert.ok(askAll(make(), definition, 40, 1, ['minimize', 'maximize', 'minimize']).length > 10);
    }
  });

  test(`${name}: the same seed gives the same points, another seed others`, () => {
    const points = askAll(make(), mixed.space, 30, 11);
    assert.deepEqual(askAll(make(), mixed.space, 30, 11), points);
    assert.notDeepEqual(askAll(make(), mixed.space, 30, 12), points);
  });

  test(`${name}: made distinct, it goes through a finite space once and then ends`, () => {
    const space = new SearchSpace(finite);
    const points = askAll(distinct(make()), finite, space.size + 5, 2);
    assert.equal(points.length, space.size);
    assert.equal(new Set(points.map((point) => space.key(point))).size, space.size);
  });
}

test('quasi-random points are spread more evenly than random ones', () => {
  // The largest gap between an interval's share of 64 points and its length, over each axis.
  const unevenness = (sampler: Sampler, seed: number): number => {
    const points = askAll(sampler, hartmann6.space, 64, seed);
    const gaps = Object.keys(points[0]).map((name) => {
      const sorted = points.map((point) => point[name] as number).sort((a, b) => a - b);
      return Math.max(...sorted.map((value, i) => Math.abs(value - (i + 0.5) / sorted.length)));
    });
    return gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  };
  for (const seed of [1, 2, 3]) assert.ok(unevenness(quasiRandomSampler(), seed) < 0.6 * unevenness(randomSampler(), seed));
});

test('a grid too large to list is refused', () => {
  assert.throws(() => askAll(gridSampler({ resolution: 20 }), hartmann6.space, 1, 0), OptionError);
  assert.throws(() => gridSampler({ resolution: 0 }), OptionError);
});

test('options out of range are refused', () => {
  for (const options of [{ gamma: 0 }, { gamma: 1 }, { candidates: 0 }, { startupTrials: 1.5 }, { mostGood: Number.NaN }]) {
    assert.throws(() => tpeSampler(options), OptionError);
  }
});

test('auto is the Gaussian process where most parameters are numbers, up to a hundred trials, and TPE otherwise', () => {
  const proposedBy = (sampler: Sampler, definition: SpaceDefinition, count: number): Point => {
    const space = new SearchSpace(definition);
    const random = new Random(2);
    const trials = Array.from({ length: count }, (_, number): TrialRecord => {
      const point = space.sampleUniform(random);
      return { number, point, seed: 0, state: 'completed', reports: [], attributes: {}, values: [random.uniform()] };
    });
    return sampler.ask(space, { seed: 0, directions: ['minimize'], reportDirection: 'minimize', trials }, new Random(5))!;
  };
  for (const [definition, count, expected] of [
    [hartmann6.space, 30, gpSampler],
    [hartmann6.space, 120, tpeSampler],
    [finite, 8, tpeSampler],
    [mixed.space, 30, gpSampler],
  ] as const) {
    assert.deepEqual(proposedBy(autoSampler(), definition, count), proposedBy(expected(), definition, count));
  }
});

const seeds = Array.from({ length: 16 }, (_, i) => i);

/** The best value, or the hypervolume's negative, averaged over the seeds. */
async function meanResult({ space, of }: TestFunction, sampler: Sampler, maxTrials: number, reference?: number[]): Promise<number> {
  const directions: Direction[] = (reference ?? [0]).map(() => 'minimize');
  let sum = 0;
  for (const seed of seeds) {
    const study = await runStudy({ space, objective: of, directions, sampler, maxTrials, seed });
    const values = study.front().map((trial) => trial.values!);
    sum += reference ? -hypervolume(values, reference, directions) : values[0][0];
  }
  return sum / seeds.length;
}

// Means over 16 seeds in waves of four. Measured for three such sets of seeds (TPE; random): Branin 0.50 to 0.57; 1.15 to 1.36. Hartmann-6 -3.06 to
// -2.94; -2.11 to -1.92. Mixed 0.15 to 0.21; 0.47 to 0.60. ZDT1's hypervolume 5.55 to 5.68; 4.06 to 4.11. The margins are about half of that.
test('TPE beats random search on Branin', async () => {
  const [tpe, random] = [await meanResult(branin, tpeSampler(), 60), await meanResult(branin, randomSampler(), 60)];
  assert.ok(tpe < 0.397887 + 0.6 * (random - 0.397887), `${tpe} against ${random}`);
});

test('TPE beats random search on Hartmann-6', async () => {
  const [tpe, random] = [await meanResult(hartmann6, tpeSampler(), 100), await meanResult(hartmann6, randomSampler(), 100)];
  assert.ok(tpe < random - 0.6 && tpe < -2.6, `${tpe} against ${random}`);
});

test('TPE beats random search on a mixed conditional space', async () => {
  const [tpe, random] = [await meanResult(mixed, tpeSampler(), 100), await meanResult(mixed, randomSampler(), 100)];
  assert.ok(tpe < 0.65 * random, `${tpe} against ${random}`);
});

test('TPE beats random search on ZDT1 by hypervolume', async () => {
  const reference = [1.1, 6];
  const [tpe, random] = [await meanResult(zdt1, tpeSampler(), 100, reference), await meanResult(zdt1, randomSampler(), 100, reference)];
  assert.ok(-tpe > -random + 0.9, `${-tpe} against ${-random}`);
});

test('TPE keeps to the feasible side of a constraint', async () => {
  const share = async (sampler: Sampler): Promise<number> => {
    let feasible = 0;
    for (const seed of seeds) {
      const study = await runStudy({
        space: branin.space,
        objective: (point) => ({ values: branin.of(point), violations: [(point.x as number) + 1] }),
        directions: ['minimize'],
        sampler,
        maxTrials: 60,
        seed,
      });
      feasible += study.trials.slice(20).filter((trial) => trial.violations![0] <= 0).length;
      assert.ok(study.front().every((trial) => trial.violations![0] <= 0));
    }
    return feasible / (40 * seeds.length);
  };
  const [tpe, random] = [await share(tpeSampler()), await share(randomSampler())];
  assert.ok(tpe > random + 0.25, `${tpe} against ${random}`);
});

test("withPrior: an earlier study is learned from as trials of one's own are, by samplers that learn", async () => {
  const { space, objective } = {
    space: { x: { type: 'float', low: 0, high: 1 } },
    objective: ({ x }: Point) => ((x as number) - 0.8) ** 2,
  } as const;
  const earlier = await runStudy({ space, directions: ['minimize'], maxTrials: 40, sampler: randomSampler(), objective });
  const prior = earlier.trials.map(({ point, values = [] }) => ({ point, values }));
  const first = async (sampler: Sampler) => {
    const study = await runStudy({ space, directions: ['minimize'], maxTrials: 4, sampler, objective, seed: 3 });
    return { xs: study.trials.map(({ point }) => point.x as number), options: study.header.sampler.options };
  };
  for (const make of [tpeSampler, gpSampler, autoSampler]) {
    const { xs, options } = await first(withPrior(make(), prior));
    for (const x of xs) assert.ok(x > 0.6, `${make().name} proposes ${xs.join(', ')}`);
    // Without it the first points cover the space.
    assert.ok((await first(make())).xs.some((x) => x < 0.5));
    assert.equal((options.prior as { trials: number }).trials, 40);
    const other = await first(withPrior(make(), prior.slice(1)));
    assert.notDeepEqual(other.options, options);
    assert.equal((await first(withPrior(make(), []))).options.prior, undefined);
  }
  for (const sampler of [randomSampler(), gridSampler(), quasiRandomSampler(), nsga2Sampler()])
    assert.equal(withPrior(sampler, prior), sampler);
});
