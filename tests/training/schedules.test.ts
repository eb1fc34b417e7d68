import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from 'espalier/base';
import { checkSchedule, type Schedule, scheduleFactor } from 'espalier/training';
import { trainingFixture } from './support.js';

const { steps, cases } = trainingFixture<{ steps: number; cases: { schedule: Schedule; factors: number[] }[] }>('schedules.json');

for (const { schedule, factors } of cases) {
  test(`${JSON.stringify(schedule)} follows PyTorch's scheduler`, () => {
    factors.forEach((expected, step) => {
      const found = scheduleFactor(schedule, step, steps);
      assert.ok(Math.abs(found - expected) < 1e-9, `step ${step}: ${found}, PyTorch has ${expected}`);
    });
  });
}

test('every schedule is finite and never negative, however short the training', () => {
  const kinds: Schedule[] = [...cases.map(({ schedule }) => schedule), { kind: 'cosine', warmup: 1 }, { kind: 'one-cycle', rise: 1 }];
  for (const schedule of kinds) {
    for (let all = 1; all < 12; all++) {
      for (let step = 0; step < all; step++) {
        const factor = scheduleFactor(schedule, step, all);
        assert.ok(factor >= 0 && factor <= 1 + 1e-12, `${JSON.stringify(schedule)}, step ${step} of ${all}: ${factor}`);
      }
    }
  }
});

test('an unusable schedule is refused by the name of its option', () => {
  const wrong: [unknown, RegExp][] = [
    [{ kind: 'exponential' }, /"kind".*"exponential"/],
    [{ kind: 'cosine', warmup: 2 }, /"warmup"/],
    [{ kind: 'one-cycle', rise: -0.1 }, /"rise"/],
    [{ kind: 'one-cycle', start: 0 }, /"start"/],
    [{ kind: 'step', at: [0.5, 3] }, /"at"/],
    [{ kind: 'step' }, /"at"/],
    [{ kind: 'linear', final: Number.NaN }, /"final"/],
  ];
  for (const [schedule, message] of wrong)
    assert.throws(
      () => checkSchedule(schedule as Schedule),
      (error) => error instanceof OptionError && message.test(error.message),
      JSON.stringify(schedule),
    );
});
