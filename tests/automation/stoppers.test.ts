import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AskedTrial,
  createStudy,
  type History,
  halvingStopper,
  hyperbandStopper,
  medianStopper,
  memoryStorage,
  stoppers as named,
  patienceStopper,
  type Report,
  readStudy,
  runStudy,
  type Stopper,
  type TrialRecord,
  TrialStopped,
} from 'espalier/automation';
import { OptionError, Random } from 'espalier/base';
import type { Direction } from 'espalier/pareto';

function trialOf(number: number, values: readonly number[], state: TrialRecord['state'] = 'completed'): TrialRecord {
  const reports: Report[] = values.map((value, i) => ({ step: i + 1, value }));
  return {
    number,
    point: { x: 0 },
    seed: 0,
    state,
    reports,
    attributes: {},
    ...(state === 'completed' ? { values: [values.at(-1) ?? 0] } : {}),
  };
}

function historyOf(trials: TrialRecord[], reportDirection: Direction = 'minimize'): History {
  return { seed: 0, directions: [reportDirection], reportDirection, trials };
}

/** The step at which a trial with these reports is stopped; undefined when it never is. */
function stopsAt(stopper: Stopper, number: number, values: readonly number[], history: History): number | undefined {
  for (let step = 1; step <= values.length; step++) {
    if (stopper.shouldStop(trialOf(number, values.slice(0, step), 'running'), step, values[step - 1], history)) return step;
  }
  return undefined;
}

const stoppers: Record<string, Stopper> = {
  median: medianStopper({ startupTrials: 3 }),
  patience: patienceStopper({ patience: 3 }),
  'asynchronous halving': halvingStopper({ reductionFactor: 2 }),
  'synchronous halving': halvingStopper({ reductionFactor: 2, rungs: 'synchronous' }),
  hyperband: hyperbandStopper({ maxResource: 9, reductionFactor: 3 }),
};

const falling = (level: number): number[] => Array.from({ length: 9 }, (_, i) => level + 9 - i);

for (const [name, stopper] of Object.entries(stoppers)) {
  test(`${name}: the best of all is never stopped, nor is a trial alone`, () => {
    const others = Array.from({ length: 12 }, (_, i) => trialOf(i, falling(10 + i)));
    for (let number = 12; number < 24; number++) {
      assert.equal(stopsAt(stopper, number, falling(0), historyOf(others)), undefined);
      assert.equal(stopsAt(stopper, number, falling(0), historyOf([])), undefined);
    }
  });

  test(`${name}: NaN is the worst value, and directions mirror`, () => {
    const random = new Random(name);
    const noise = (): number[] => Array.from({ length: 9 }, () => random.integer(8));
    for (let round = 0; round < 40; round++) {
      const others = Array.from({ length: 9 }, noise);
      const own = noise();
      const negative = (values: number[]): number[] => values.map((value) => -value);
      const least = stopsAt(stopper, 20, own, historyOf(others.map((values, i) => trialOf(i, values))));
      const most = stopsAt(
        stopper,
        20,
        negative(own),
        historyOf(
          others.map((values, i) => trialOf(i, negative(values))),
          'maximize',
        ),
      );
      assert.equal(most, least);
    }
    const good = Array.from({ length: 12 }, (_, i) => trialOf(i, falling(i)));
    const diverged = Array.from({ length: 9 }, () => Number.NaN);
    // Trials 20 to 23 take part in every bracket of Hyperband but the one that never stops early.
    assert.ok([20, 21, 22, 23].some((number) => stopsAt(stopper, number, diverged, historyOf(good)) !== undefined));
  });
}

test('median rule: the best so far against the median of running means, by hand', () => {
  const stopper = medianStopper({ startupTrials: 3, warmupSteps: 2 });
  const history = historyOf([trialOf(0, [4, 2]), trialOf(1, [6, 4]), trialOf(2, [9, 9]), trialOf(3, [0, 0], 'stopped')]);
  // Running means at step 2: 3, 5 and 9; the median is 5. The stopped trial does not count.
  assert.equal(stopsAt(stopper, 4, [9, 5], history), undefined);
  assert.equal(stopsAt(stopper, 4, [9, 5.1], history), 2);
  assert.equal(stopsAt(stopper, 4, [5, 8], history), undefined);
  assert.equal(stopsAt(medianStopper({ startupTrials: 4 }), 4, [99, 99], history), undefined);
});

test('patience: counts reports without an improvement of minDelta', () => {
  const alone = historyOf([]);
  assert.equal(stopsAt(patienceStopper({ patience: 2 }), 0, [5, 4, 4, 4, 3], alone), 4);
  assert.equal(stopsAt(patienceStopper({ patience: 3 }), 0, [5, 4, 4, 4, 3, 3], alone), undefined);
  assert.equal(stopsAt(patienceStopper({ patience: 2, minDelta: 1 }), 0, [5, 4.5, 4.2, 3], alone), 3);
  assert.equal(stopsAt(patienceStopper({ patience: 2 }), 0, [1, 2, 3], historyOf([], 'maximize')), undefined);
});

test('asynchronous halving: the best in eta at each rung go on, by hand', () => {
  const stopper = halvingStopper({ reductionFactor: 3 });
  const five = historyOf([5, 4, 3, 2, 1].map((value, i) => trialOf(i, [value])));
  // Six values at rung 1, so two go on.
  assert.equal(stopsAt(stopper, 5, [1.5], five), undefined);
  assert.equal(stopsAt(stopper, 5, [2.5], five), 1);
  // Between rungs the verdict of the last rung stands, whatever is reported.
  assert.equal(stopsAt(stopper, 5, [1.5, 99], five), undefined);
  const further = historyOf([...five.trials, trialOf(5, [0, 0, 7])]);
  assert.equal(stopsAt(stopper, 6, [0.5, 9, 8], further), 3);
  assert.equal(stopsAt(stopper, 6, [0.5, 9, 6], further), undefined);
  // Of equals the earlier goes on.
  assert.equal(stopsAt(stopper, 5, [2], five), 1);
});

test('synchronous halving cuts a wave to a third at each rung, however many run at a time', async () => {
  const steps: Record<string, number[]> = {};
  for (const concurrency of [1, 2, 5, 9]) {
    const study = await runStudy({
      space: { x: { type: 'integer', low: 0, high: 8 } },
      directions: ['minimize'],
      stopper: halvingStopper({ reductionFactor: 3, rungs: 'synchronous' }),
      waveSize: 9,
      maxTrials: 9,
      concurrency,
      objective: async ({ x }, trial) => {
        for (let step = 1; step <= 9; step++) {
          await new Promise((resolve) => setTimeout(resolve, (trial.number * 7 + step) % 4));
          trial.report(step, x as number);
          if (await trial.shouldStop()) throw new TrialStopped();
        }
        return x as number;
      },
    });
    const lengths = study.trials.map((trial) => trial.reports.length);
    assert.deepEqual(
      [1, 3, 9].map((length) => lengths.filter((other) => other === length).length),
      [6, 2, 1],
    );
    assert.equal(study.best()?.point.x, 0);
    steps[concurrency] = lengths;
  }
  for (const lengths of Object.values(steps)) assert.deepEqual(lengths, steps[1]);
});

/** Trials with vectors for reports, the second number of which says what they cost. */
function vectorsOf(number: number, vectors: readonly (readonly [number, number])[], more: Partial<Report> = {}): TrialRecord {
  const reports = vectors.map((values, i): Report => ({ step: i + 1, value: values[0], values, ...more }));
  return { ...trialOf(number, [], 'completed'), reports, values: vectors.at(-1) };
}

const twofold = (trials: TrialRecord[]): History => ({
  seed: 0,
  directions: ['maximize', 'minimize'],
  reportDirection: 'maximize',
  trials,
});

/** Whether a trial that has reported so much is given up. */
function stops(stopper: Stopper, trial: TrialRecord, history: History): boolean {
  const { step, value } = trial.reports[trial.reports.length - 1];
  return stopper.shouldStop({ ...trial, state: 'running' }, step, value, history);
}

test('vectors: what no other dominates goes on, be it ever so poor in one objective; ranks decide, by hand', () => {
  const front = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4].map((quality, i) => vectorsOf(i, [[quality, 60 - 10 * i]]));
  for (const stopper of [halvingStopper({ reductionFactor: 3 }), medianStopper({ startupTrials: 3 })]) {
    assert.equal(stops(stopper, vectorsOf(6, [[0.1, 5]]), twofold(front)), false);
    assert.equal(stops(stopper, vectorsOf(6, [[0.95, 70]]), twofold(front)), false);
    assert.equal(stops(stopper, vectorsOf(6, [[0.4, 10]]), twofold(front)), false, 'as good as another');
    assert.equal(stops(stopper, vectorsOf(6, [[0.39, 10]]), twofold(front)), true);
  }
  // Of seven a third is two; a rank goes on as a whole or not at all.
  const few = twofold([front[0], ...[1, 2, 3, 4].map((number) => vectorsOf(number, [[0.5, 70 + number]])), vectorsOf(5, [[0.4, 75]])]);
  const stopper = halvingStopper({ reductionFactor: 3 });
  assert.equal(stops(stopper, vectorsOf(6, [[0.6, 70]]), few), false, 'only one stands before it');
  assert.equal(stops(stopper, vectorsOf(6, [[0.3, 80]]), few), true);
});

test('vectors: what breaks constraints stands behind, by how much, and what is not finite last', () => {
  const [kept, broken] = [{ violations: [-1, 0] }, { violations: [0.5, -2] }];
  const stopper = halvingStopper({ reductionFactor: 2 });
  const three = twofold([vectorsOf(0, [[0.2, 50]], kept), vectorsOf(1, [[0.1, 60]], kept), vectorsOf(2, [[0.9, 10]], broken)]);
  assert.equal(stops(stopper, vectorsOf(3, [[0.99, 1]], broken), three), true);
  assert.equal(stops(stopper, vectorsOf(3, [[0.05, 1]], kept), three), false);
  const behind = twofold([vectorsOf(0, [[0.2, 50]], { violations: [2] }), vectorsOf(1, [[0.2, 50]], { violations: [3] })]);
  assert.equal(stops(stopper, vectorsOf(2, [[0.1, 90]], { violations: [1] }), behind), false);
  assert.equal(stops(stopper, vectorsOf(2, [[0.9, 10]], { violations: [4] }), behind), true);
  const unknown = { ...trialOf(2, [Number.NaN], 'running') };
  assert.equal(stops(stopper, unknown, behind), true);
});

test('vectors: the median of means, and a trial against itself', () => {
  const others = [0, 1, 2, 3].map((number) =>
    vectorsOf(number, [
      [0.2, 10 + number],
      [0.6, 10 + number],
    ]),
  );
  const stopper = medianStopper({ startupTrials: 4 });
  // Their means up to the second epoch are 0.4; the best so far counts for the trial.
  const second = (best: number) =>
    vectorsOf(4, [
      [best, 20],
      [0.1, 20],
    ]);
  assert.equal(stops(stopper, second(0.45), twofold(others)), false);
  assert.equal(stops(stopper, second(0.35), twofold(others)), true);
  assert.equal(stops(stopper, second(0.35), twofold(others.slice(1))), false, 'too few have finished');
  const flat = vectorsOf(0, [
    [0.5, 9],
    [0.4, 9],
    [0.5, 9],
  ]);
  assert.equal(stops(patienceStopper({ patience: 2 }), flat, twofold([])), true);
  assert.equal(stops(patienceStopper({ patience: 3 }), flat, twofold([])), false);
});

test('reports of several objectives are kept as they are, through a kill, and others are refused', async () => {
  const storage = memoryStorage();
  const options = { space: { x: { type: 'integer', low: 0, high: 8 } }, directions: ['maximize', 'minimize'], maxTrials: 2 } as const;
  const study = await createStudy({ ...options, storage });
  const trial = (await study.ask()) as AskedTrial;
  await study.report(trial.number, 1, [0.5, 10]);
  await study.report(trial.number, 2, { values: [0.6, 10], violations: [1, -1] });
  await study.report(trial.number, 3, [Number.NaN, 10]);
  await study.report(trial.number, 4, 0.7);
  const expected = [
    { step: 1, value: 0.5, values: [0.5, 10] },
    { step: 2, value: 0.6, values: [0.6, 10], violations: [1, -1] },
    { step: 3, value: Number.NaN },
    { step: 4, value: 0.7 },
  ];
  assert.deepEqual(study.trials[0].reports, expected);
  assert.deepEqual(readStudy(storage.records()).trials[0].reports, expected);
  const bad = [[0.5], [1, 2, 3], ['1', 2], { values: [1, 2], violations: ['3'] }, null, 'x', {}];
  for (const outcome of bad) await assert.rejects(study.report(trial.number, 5, outcome as never), OptionError, JSON.stringify(outcome));
});

test('stoppers by name: what they are called in the journal', () => {
  const made = Object.entries(named).map(([name, { make }]) => [name, make({ maxResource: 9 })?.name]);
  assert.deepEqual(made, [
    ['none', undefined],
    ['median', 'median'],
    ['asha', 'halving'],
    ['hyperband', 'hyperband'],
    ['patience', 'patience'],
  ]);
  const first = [3, 9, 10, 40].map((maxResource) => named.asha.make({ maxResource })?.options.minResource);
  assert.deepEqual(first, [1, 1, 2, 5]);
});

test('hyperband: brackets take turns by its allotment, and are compared among themselves', () => {
  const stopper = hyperbandStopper({ maxResource: 9, reductionFactor: 3 });
  const bad = Array.from({ length: 9 }, () => 99);
  // Twenty rivals for each place in the round of 3 + 5 + 9 trials, which never runs out.
  const rivals = historyOf(Array.from({ length: 17 * 20 }, (_, i) => trialOf(i, falling(0))));
  const first = Array.from({ length: 17 }, (_, i) => stopsAt(stopper, 17 * 20 + i, bad, rivals));
  assert.equal(first.filter((step) => step === 1).length, 9);
  assert.equal(first.filter((step) => step === 3).length, 5);
  assert.equal(first.filter((step) => step === undefined).length, 3);
});

test('options out of range are refused', () => {
  const bad = [
    () => medianStopper({ startupTrials: 0 }),
    () => medianStopper({ warmupSteps: Number.NaN }),
    () => patienceStopper({ patience: 0 }),
    () => patienceStopper({ minDelta: -1 }),
    () => halvingStopper({ minResource: 0 }),
    () => halvingStopper({ reductionFactor: 1 }),
    () => halvingStopper({ rungs: 'both' as 'synchronous' }),
    () => hyperbandStopper({ maxResource: 0 }),
    () => hyperbandStopper({ maxResource: Infinity }),
  ];
  for (const make of bad) assert.throws(make, OptionError);
});
