import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  parameterImportance,
  randomSampler,
  runStudy,
  type SpaceDefinition,
  type Study,
  type TrialRecord,
  tpeSampler,
} from 'espalier/automation';
import { DataError, OptionError } from 'espalier/base';
import { z } from 'zod';
import { fixture } from '../support/paths.js';

/** What Optuna's functional ANOVA makes of a study's trials; see importance.py beside it. */
const peer = z.object({
  sampler: z.string(),
  trials: z.array(z.object({ point: z.record(z.string(), z.union([z.number(), z.string()])), values: z.array(z.number()) })),
  importances: z.array(z.record(z.string(), z.number())),
});

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

/** The variance of the first objective over all of the space, by parameter: of 10 |x - 0.7|, and of a logarithm that is even between 0 and 2 but for rounding to whole numbers. */
const exact = { strong: 100 * ((0.7 ** 3 + 0.3 ** 3) / 3 - ((0.7 ** 2 + 0.3 ** 2) / 2) ** 2), weak: 2 ** 2 / 12 };
const strongest = exact.strong / (exact.strong + exact.weak);

test('shares are those of the variance over the space, wherever a sampler searched', async (t) => {
  for (const seed of [1, 2, 3]) {
    for (const sampler of [randomSampler(), tpeSampler()]) {
      const results = await study(seed, sampler);
      const first = parameterImportance(results);
      assert.deepEqual(Object.keys(first).slice(0, 2), ['strong', 'weak']);
      assert.ok(Math.abs(first.strong - strongest) < 0.05, `${first.strong} instead of ${strongest}`);
      assert.ok(first.idle < 0.02 && first.inner < 0.02 && first.kind < 0.02, JSON.stringify(first));
      const sum = Object.values(first).reduce((total, share) => total + share, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12);
      const second = parameterImportance(results, { objective: 1 });
      assert.ok(second.kind > 0.95, JSON.stringify(second));
      t.diagnostic(`${sampler.name} ${seed}: strong ${first.strong.toFixed(3)}, in truth ${strongest.toFixed(3)}`);
    }
  }
});

test('functional ANOVA of Optuna says the same of the same trials', () => {
  const studies = z.array(peer).parse(JSON.parse(readFileSync(fixture('automation', 'importance.json'), 'utf8')));
  for (const { sampler, trials, importances } of studies) {
    const records = trials.map(
      (trial, number): TrialRecord => ({ ...trial, number, seed: 0, state: 'completed', reports: [], attributes: {} }),
    );
    for (const [objective, theirs] of importances.entries()) {
      const ours = parameterImportance({ header: { space }, directions: ['maximize', 'minimize'], trials: records }, { objective });
      for (const [name, share] of Object.entries(theirs))
        assert.ok(Math.abs(ours[name] - share) < 0.04, `${sampler}, objective ${objective}, ${name}: ${ours[name]}, theirs ${share}`);
    }
  }
});

test('a conditional parameter counts where it is, and in the share of trials that have it', async () => {
  const results = await runStudy({
    space,
    directions: ['minimize'],
    sampler: randomSampler(),
    maxTrials: 200,
    objective: ({ inner = 0 }) => 10 * (inner as number),
  });
  const { inner, kind, ...others } = parameterImportance(results);
  // Inner varies by 100/12 in a third of the trials; what kind does is 0 or, on average, 5: 50/9.
  const [own, branch] = [100 / 12 / 3, 50 / 9];
  assert.ok(Math.abs(inner - own / (own + branch)) < 0.12, `${inner} instead of ${own / (own + branch)}`);
  assert.ok(Math.abs(inner + kind - 1) < 0.1, JSON.stringify(others));
});

test('where all trials are equally good, nothing matters', async () => {
  const results = await runStudy({ space, directions: ['minimize'], maxTrials: 40, objective: () => 1 });
  assert.ok(Object.values(parameterImportance(results)).every((share) => share === 0));
});

test('too few trials, and objectives that are not there, are refused', async () => {
  const results = await study(1);
  assert.throws(() => parameterImportance({ ...results, trials: results.trials.slice(0, 9) }), DataError);
  assert.throws(() => parameterImportance(results, { objective: 2 }), OptionError);
});
