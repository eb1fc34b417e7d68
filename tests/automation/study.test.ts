import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createStudy,
  halvingStopper,
  type JournalRecord,
  medianStopper,
  memoryStorage,
  type Objective,
  type Point,
  randomSampler,
  readStudy,
  runStudy,
  type Storage,
  type StudyOptions,
  type TrialRecord,
  TrialStopped,
  tpeSampler,
} from 'espalier/automation';
import { EspalierError, FormatError, OptionError, Random, ResourceError, Stopped } from 'espalier/base';
import { front, hypervolume } from 'espalier/pareto';
import { mixed, zdt1 } from './functions.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reports on its way, stops when told to, fails at times; deterministic but for how long it takes. */
const restless: Objective = async (point, trial) => {
  const random = new Random(trial.seed);
  const [value] = mixed.of(point);
  const fails = random.uniform() < 0.1;
  for (let step = 1; step <= 4; step++) {
    await pause(Math.random() * 2);
    trial.report(step, value + random.uniform() / step);
    if (await trial.shouldStop()) throw new TrialStopped();
  }
  if (fails) throw new Error('by chance');
  trial.attributes.noise = random.uniform();
  return { values: value, violations: [value - 3] };
};

const study = (more: Partial<StudyOptions> = {}): StudyOptions => ({
  space: mixed.space,
  objective: restless,
  directions: ['minimize'],
  sampler: tpeSampler({ startupTrials: 6 }),
  maxTrials: 24,
  seed: 5,
  ...more,
});

const stoppers = {
  none: undefined,
  median: medianStopper({ startupTrials: 3 }),
  'synchronous halving': halvingStopper({ reductionFactor: 2, rungs: 'synchronous' }),
};

for (const [name, stopper] of Object.entries(stoppers)) {
  test(`the trials do not depend on how many run at a time, nor on which ends first (stopper: ${name})`, async () => {
    const expected = (await runStudy(study({ stopper }))).trials;
    assert.equal(expected.length, 24);
    assert.ok(expected.some(({ state }) => state === 'completed'));
    assert.equal(
      expected.some(({ state }) => state === 'stopped'),
      stopper !== undefined,
    );
    for (const concurrency of [2, 3, 8]) assert.deepEqual((await runStudy(study({ stopper, concurrency }))).trials, expected);
  });

  test(`cut off after any record, a study goes on to the same trials (stopper: ${name})`, async () => {
    const options = study({ stopper, maxTrials: 10, waveSize: 3, sampler: tpeSampler({ startupTrials: 4 }) });
    const whole = memoryStorage();
    const expected = (await runStudy({ ...options, storage: whole, concurrency: 3 })).trials;
    for (let length = 0; length <= whole.records().length; length += 1) {
      const storage = memoryStorage(whole.records().slice(0, length));
      const ended = storage.records().filter(({ kind }) => ['trial.told', 'trial.failed', 'trial.stopped'].includes(kind));
      let calls = 0;
      const counted: Objective = (point, trial) => {
        calls++;
        return restless(point, trial);
      };
      const again = await runStudy({ ...options, objective: counted, storage, concurrency: 2 });
      assert.deepEqual(again.trials, expected, `after ${length} records`);
      assert.equal(calls, 10 - ended.length, 'what had ended was not run again');
      assert.deepEqual(readStudy(storage.records()).trials, expected);
    }
  });
}

test('the sampler sees nothing of its own wave but the points', async () => {
  const seen: string[] = [];
  const inner = randomSampler();
  await runStudy(
    study({
      maxTrials: 7,
      waveSize: 3,
      distinct: false,
      sampler: {
        ...inner,
        ask: (space, history, random) => {
          seen.push(history.trials.map(({ state }) => (state === 'running' ? '?' : '!')).join(''));
          assert.ok(history.trials.every(({ state, reports }) => state !== 'running' || reports.length === 0));
          return inner.ask(space, history, random);
        },
      },
    }),
  );
  assert.deepEqual(seen, ['', '?', '??', '!!!', '!!!?', '!!!??', '!!!!!!']);
});

test('at most `concurrency` objectives run at a time', async () => {
  let running = 0;
  let most = 0;
  const objective: Objective = async (point) => {
    most = Math.max(most, ++running);
    await pause(1);
    running--;
    return mixed.of(point);
  };
  await runStudy(study({ objective, concurrency: 3, waveSize: 6 }));
  assert.equal(most, 3);
});

test('aborted, the study rejects with Stopped, keeps what is done, and goes on later', async () => {
  const expected = (await runStudy(study())).trials;
  const storage = memoryStorage();
  const abort = new AbortController();
  const objective: Objective = async (point, trial) => {
    if (trial.number === 9) abort.abort();
    if (trial.signal.aborted) throw new Error('interrupted');
    return restless(point, trial);
  };
  const stopped = await createStudy(study({ objective, storage, concurrency: 2, activity: { signal: abort.signal } }));
  await assert.rejects(stopped.run(), Stopped);
  assert.equal(stopped.trials[9].state, 'running');
  assert.ok(stopped.trials.slice(0, 8).every(({ state }) => state !== 'running'));
  assert.deepEqual((await runStudy(study({ storage }))).trials, expected);
});

test('aborted while trials wait for each other at a rung, nothing hangs', async () => {
  const abort = new AbortController();
  const options = study({
    stopper: halvingStopper({ rungs: 'synchronous' }),
    concurrency: 2,
    activity: { signal: abort.signal },
    objective: async (_point, trial) => {
      if (trial.number === 3) {
        await pause(5);
        abort.abort();
        throw new Error('interrupted');
      }
      trial.report(1, 0);
      await trial.shouldStop();
      return 0;
    },
  });
  const stopped = await createStudy(options);
  await assert.rejects(stopped.run(), Stopped);
  assert.ok(stopped.trials.every(({ state }) => state === 'running'));
});

test('a signal aborted before the start runs nothing', async () => {
  const never: Objective = () => assert.fail('ran');
  await assert.rejects(runStudy(study({ objective: never, activity: { signal: AbortSignal.abort() } })), Stopped);
});

test('with its budget used up no trial starts, and the rest comes in a later run', async (t) => {
  const storage = memoryStorage();
  const budgetMs = 60_000;
  let passed = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + passed);
  // The first trial outlasts the budget.
  const slow: Objective = async (point) => {
    passed += budgetMs;
    return mixed.of(point);
  };
  const first = await createStudy(study({ objective: slow, storage, budgetMs, waveSize: 8 }));
  assert.equal(await first.run(), 'budget');
  const told = first.trials.filter(({ state }) => state === 'completed').length;
  assert.ok(told >= 1 && told < 8, `${told} trials`);
  const quick: Objective = async (point) => mixed.of(point);
  const second = await createStudy(study({ objective: quick, storage, waveSize: 8, maxTrials: 8 }));
  assert.equal(await second.run(), 'trials');
  assert.ok(second.trials.every(({ state }) => state === 'completed'));
  assert.equal(await (await createStudy(study({ budgetMs: 0 }))).run(), 'budget');
});

test('a failed trial is kept with its reason, and the study goes on', async () => {
  const objective: Objective = (point, trial) => {
    if (trial.number === 1) throw new TypeError('of a kind');
    if (trial.number === 2) return Number.NaN;
    if (trial.number === 3) return [1, 2];
    if (trial.number === 4) return { values: 1, violations: [Infinity] };
    if (trial.number === 5) trial.attributes.bad = Number.NaN;
    if (trial.number === 6) trial.report(2, 0);
    if (trial.number === 6) trial.report(2, 0);
    if (trial.number === 7) return undefined as never;
    return mixed.of(point);
  };
  const { trials } = await runStudy(study({ objective, maxTrials: 9 }));
  assert.deepEqual(
    trials.map(({ state }) => state),
    ['completed', ...Array(7).fill('failed'), 'completed'],
  );
  assert.deepEqual(trials[1].error, { name: 'TypeError', message: 'of a kind' });
});

test('a study is given up when all fail, or too many do', async () => {
  let calls = 0;
  const failing: Objective = () => {
    calls++;
    throw new Error('the cause');
  };
  await assert.rejects(runStudy(study({ objective: failing })), /12 of 12 trials failed.*the cause/);
  assert.equal(calls, 12, 'not all 24 were tried');
  await assert.rejects(runStudy(study({ objective: failing, maxTrials: 2 })), /2 of 2 trials failed/);
  const some: Objective = (point, trial) => (trial.number % 2 ? failing(point, trial) : 1);
  await assert.rejects(runStudy(study({ objective: some, maxFailures: 3 })), EspalierError);
  assert.equal((await runStudy(study({ objective: some, maxFailures: 12 }))).trials.length, 24);
});

test('a journal that cannot be written ends the study with that error', async () => {
  const kept = memoryStorage();
  const full: Storage = {
    ...kept,
    record: async (kind, data) => {
      if (kept.records().length >= 9) throw new EspalierError('The disk is full');
      await kept.record(kind, data);
    },
  };
  await assert.rejects(runStudy(study({ storage: full, concurrency: 3 })), /The disk is full/);
});

test('what the machine failed at is no failure of a trial: the run ends with it, and the next one tries again', async () => {
  const storage = memoryStorage();
  let diskIsFull = true;
  const objective: Objective = (_, trial) => {
    if (diskIsFull && trial.number === 5) throw new ResourceError('The disk is full');
    return trial.number;
  };
  await assert.rejects(runStudy(study({ storage, objective, concurrency: 2 })), (error) => error instanceof ResourceError);
  diskIsFull = false;
  const { trials } = await runStudy(study({ storage, objective, concurrency: 2 }));
  assert.deepEqual(
    trials.map(({ state }) => state),
    Array(24).fill('completed'),
  );
});

test('what the machine fails at every time is a failure of the trial after all', async () => {
  const storage = memoryStorage();
  const objective: Objective = (_, trial) => {
    if (trial.number === 5) throw new ResourceError('The file is larger than a file may be');
    return trial.number;
  };
  await assert.rejects(runStudy(study({ storage, objective })), ResourceError);
  const { trials } = await runStudy(study({ storage, objective }));
  assert.deepEqual(
    trials.filter(({ state }) => state !== 'completed').map(({ number, state }) => [number, state]),
    [[5, 'failed']],
  );
});

test('a finite space is gone through once, and then the study ends', async () => {
  const space = { a: { type: 'integer', low: 1, high: 3 }, b: { type: 'categorical', choices: ['x', 'y'] } } as const;
  const ended = await createStudy(study({ space, objective: ({ a }) => a as number, maxTrials: 100 }));
  assert.equal(await ended.run(), 'exhausted');
  assert.equal(ended.trials.length, 6);
  assert.equal(ended.best()?.point.a, 1);
  assert.equal(await ended.run(), 'exhausted');
});

test('initial points come first', async () => {
  const points: Point[] = [
    { technique: 'd', rate: 0.1 },
    { technique: 'c', rate: 0.01, share: 0.5 },
  ];
  const { trials } = await runStudy(study({ initialPoints: points, maxTrials: 6 }));
  assert.deepEqual(
    trials.slice(0, 2).map(({ point }) => point),
    points,
  );
  await assert.rejects(createStudy(study({ initialPoints: [{ technique: 'd' }] })), OptionError);
});

test('front, best and hypervolume leave out what is infeasible, stopped or failed', async () => {
  const multi = await runStudy({
    space: zdt1.space,
    directions: ['minimize', 'minimize'],
    maxTrials: 30,
    objective: (point) => {
      const values = zdt1.of(point);
      return { values, violations: [0.3 - values[0]] };
    },
  });
  const feasible = multi.trials.filter(({ values }) => values![0] >= 0.3);
  assert.ok(feasible.length < 30);
  assert.deepEqual(
    multi.front(),
    front(feasible, (trial) => trial.values!, ['minimize', 'minimize']),
  );
  assert.throws(() => multi.best(), OptionError);
  const reference = [1, 8];
  const curve = multi.hypervolumes(reference);
  assert.deepEqual(
    curve.map(({ number }) => number),
    feasible.map(({ number }) => number),
  );
  curve.forEach(({ hypervolume: got }, i) => {
    const seen = feasible.slice(0, i + 1).map(({ values }) => values!);
    assert.ok(Math.abs(got - hypervolume(seen, reference, ['minimize', 'minimize'])) < 1e-12);
  });
  assert.ok(multi.hypervolumes().at(-1)!.hypervolume > 0);
});

test('a journal holds several studies and other records beside them', async () => {
  const storage = memoryStorage();
  await storage.record('note', { text: 'before' });
  const [a, b] = await Promise.all(['a', 'b'].map((name, i) => runStudy(study({ storage, name, seed: i, maxTrials: 6 }))));
  assert.notDeepEqual(a.trials, b.trials);
  assert.deepEqual(readStudy(storage.records(), 'a').trials, a.trials);
  assert.deepEqual(readStudy(storage.records(), 'b').front(), b.front());
  assert.throws(() => readStudy(storage.records(), 'c'), OptionError);
});

test('a journal begun with other settings is refused, naming what differs', async () => {
  const storage = memoryStorage();
  await runStudy(study({ storage, maxTrials: 4 }));
  const others: [string, Partial<StudyOptions>][] = [
    ['seed', { seed: 6 }],
    ['waveSize', { waveSize: 5 }],
    ['sampler', { sampler: randomSampler() }],
    ['sampler', { distinct: false }],
    ['directions', { directions: ['maximize'], reportDirection: 'minimize' }],
    ['stopper', { stopper: medianStopper() }],
    ['space', { space: zdt1.space }],
  ];
  for (const [field, other] of others) {
    await assert.rejects(createStudy(study({ storage, ...other })), new RegExp(`another ${field}`));
  }
  assert.equal((await runStudy(study({ storage, maxTrials: 8, concurrency: 7, budgetMs: 1e6 }))).trials.length, 8);
});

test('a journal that contradicts itself is refused', async () => {
  const storage = memoryStorage();
  await runStudy(study({ storage, maxTrials: 4 }));
  const records = [...storage.records()];
  const told = records.findIndex(({ kind }) => kind === 'trial.told');
  const newer = { ...(records[0].data as object), version: 99 } as JournalRecord['data'];
  for (const bad of [
    [...records, records[told]],
    [...records, records[0]],
    records.slice(1),
    [...records, records[1]],
    [{ kind: 'study', data: newer }],
  ]) {
    await assert.rejects(createStudy(study({ storage: memoryStorage(bad) })), FormatError);
  }
});

test('reports that are not finite are kept as NaN, here and in a journal read back', async () => {
  const storage = memoryStorage();
  const objective: Objective = (_point, trial) => {
    trial.report(1, Infinity);
    trial.report(2, Number.NaN);
    return 0;
  };
  const { trials } = await runStudy(study({ storage, objective, maxTrials: 1 }));
  assert.deepEqual(trials[0].reports, [
    { step: 1, value: Number.NaN },
    { step: 2, value: Number.NaN },
  ]);
  assert.deepEqual(readStudy(storage.records()).trials, trials);
});

test('progress: one event per trial, and trials report below their own name', async () => {
  const tasks: string[] = [];
  const done: number[] = [];
  const objective: Objective = (point, trial) => {
    trial.activity.onProgress?.({ task: 'train', done: 1 });
    return mixed.of(point);
  };
  await runStudy(
    study({
      objective,
      maxTrials: 3,
      activity: { onProgress: (event) => (event.task === 'study' ? done.push(event.done) : tasks.push(event.task)) },
    }),
  );
  assert.deepEqual(tasks, ['trial 0/train', 'trial 1/train', 'trial 2/train']);
  assert.deepEqual(done, [1, 2, 3]);
});

test('a trial is given the same seed whatever ran before it, and different trials different ones', async () => {
  const { trials } = await runStudy(study());
  const other = await runStudy(study({ sampler: randomSampler(), maxTrials: 12 }));
  const seeds = (records: readonly TrialRecord[]): number[] => records.map(({ seed }) => seed);
  assert.deepEqual(seeds(other.trials), seeds(trials.slice(0, 12)));
  assert.equal(new Set(seeds(trials)).size, 24);
});

test('options that cannot be used are refused', async () => {
  const bad: Partial<StudyOptions>[] = [
    { maxTrials: 0 },
    { maxTrials: 1.5 },
    { waveSize: 0 },
    { concurrency: Number.NaN },
    { seed: -1 },
    { seed: 2 ** 32 },
    { budgetMs: -1 },
    { maxFailures: Number.NaN },
    { directions: [] },
    { directions: undefined as never },
    { reportDirection: 'up' as never },
    { objective: 1 as never },
    { leaseMs: 0 },
    { space: {} },
  ];
  for (const options of bad) await assert.rejects(createStudy(study(options)), OptionError, JSON.stringify(options));
  await assert.rejects(runStudy(study({ objective: undefined })), OptionError);
});
