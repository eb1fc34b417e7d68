import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parameterImportance, randomSampler, runStudy, type SpaceDefinition, type Study, tpeSampler } from 'espalier/automation';
import { DataError, OptionError } from 'espalier/base';

const space: SpaceDefinition = {
  strong: { type: 'float', low: 0, high: 1 },
  weak: { type: 'integer', low: 1, high: 100, log: true },
  idle: { type: 'float', low: 0, high: 1 },
  kind: { type: 'categorical', choices: ['a', 'b', 'c'] },
  inner: { type: 'float', low: 0, high: 1, when: { kind: 'b' } },
};

function study(seed: number, sampler = randomSampler()): Promise<Study> {
  return runStudy({
    space,
    directions: ['maximize', 'minimize'],
    sampler,
    seed,
    maxTrials: 120,
    objective: ({ strong, weak, kind }) => [
      -10 * Math.abs((strong as number) - 0.7) - Math.log10(weak as number),
      kind === 'c' ? 1 : 2 + (strong as number) / 10,
    ],
  });
}

test('what an objective depends on most comes first, what it does not depend on last', async () => {
  for (const seed of [1, 2, 3]) {
    for (const sampler of [randomSampler(), tpeSampler()]) {
      const results = await study(seed, sampler);
      const first = parameterImportance(results);
      const [most] = Object.keys(first);
      // A guided search settles the strongest parameter within its first trials, after which it tells good trials from others no better than the weak one.
      if (sampler.name === 'random') assert.equal(most, 'strong');
      else assert.ok(most === 'strong' || most === 'weak', most);
      const sum = Object.values(first).reduce((total, share) => total + share, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12);
    }
    const results = await study(seed);
    const first = parameterImportance(results);
    assert.ok(first.strong > 0.5, JSON.stringify(first));
    assert.ok(first.idle < 0.15 && first.inner < 0.15, JSON.stringify(first));
    const second = parameterImportance(results, { objective: 1 });
    assert.equal(Object.keys(second)[0], 'kind');
  }
});

test('where all trials are equally good, nothing matters', async () => {
  const results = await runStudy({ space, directions: ['minimize'], maxTrials: 40, objective: () => 1 });
  assert.ok(Object.values(parameterImportance(results)).every((share) => share === 0));
});

test('too few trials and bad options are refused', async () => {
  const results = await study(1);
  assert.throws(() => parameterImportance({ ...results, trials: results.trials.slice(0, 9) }), DataError);
  assert.throws(() => parameterImportance(results, { objective: 2 }), OptionError);
  assert.throws(() => parameterImportance(results, { quantile: 1 }), OptionError);
});
