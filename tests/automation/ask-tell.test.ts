import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AskedTrial,
  createStudy,
  halvingStopper,
  memoryStorage,
  readStudy,
  runStudy,
  type Study,
  type StudyOptions,
  TrialStopped,
  tpeSampler,
} from 'espalier/automation';
import { DataError, OptionError, Random, Stopped } from 'espalier/base';
import { mixed } from './functions.js';

const options = (more: Partial<StudyOptions> = {}): StudyOptions => ({
  space: mixed.space,
  directions: ['minimize'],
  sampler: tpeSampler({ startupTrials: 6 }),
  maxTrials: 20,
  seed: 5,
  ...more,
});

const value = ({ point }: Pick<AskedTrial, 'point'>): number => mixed.of(point)[0];

/** What any trial comes to, with two reports on the way. */
const steps = (trial: Pick<AskedTrial, 'point' | 'seed'>): number[] => {
  const random = new Random(trial.seed);
  return [1, 2, 4].map((step) => value(trial) + random.uniform() / step);
};

/** Takes trials until there are none, each after a random number of turns of the event loop. */
async function work(study: Study, random: Random): Promise<number> {
  let count = 0;
  for (let trial = await study.ask(); trial; trial = await study.ask()) {
    count++;
    let isGivenUp = false;
    for (const [index, reported] of steps(trial).entries()) {
      for (let turn = random.integer(20); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
      await study.report(trial.number, index + 1, reported);
      isGivenUp = await study.shouldStop(trial.number);
      if (isGivenUp) break;
    }
    if (isGivenUp) await study.giveUp(trial.number);
    else await study.tell(trial.number, value(trial), { seen: trial.seed });
  }
  return count;
}

test('trials that several ask for end as those of one run, whoever is quicker', async () => {
  const stopper = halvingStopper({ minResource: 1, reductionFactor: 2, rungs: 'synchronous' });
  const whole = await runStudy(
    options({
      stopper,
      objective: async (point, trial) => {
        for (const [index, reported] of steps({ point, seed: trial.seed }).entries()) {
          trial.report(index + 1, reported);
          if (await trial.shouldStop()) throw new TrialStopped();
        }
        trial.attributes.seen = trial.seed;
        return value({ point });
      },
    }),
  );
  assert.ok(whole.trials.some(({ state }) => state === 'stopped'));
  for (const workers of [4, 7]) {
    const study = await createStudy(options({ stopper }));
    const counts = await Promise.all(Array.from({ length: workers }, (_, index) => work(study, new Random(`worker ${index}`))));
    assert.equal(
      counts.reduce((a, b) => a + b, 0),
      20,
    );
    assert.deepEqual(study.trials, whole.trials);
    assert.equal(await study.ask(), undefined);
  }
});

test('the first to tell wins; what differs from it beyond rounding is kept and said', async () => {
  const messages: string[] = [];
  const storage = memoryStorage();
  const study = await createStudy(options({ storage, activity: { onMessage: ({ text }) => messages.push(text) } }));
  const trial = (await study.ask()) as AskedTrial;
  assert.equal(await study.tell(trial.number, 2), true);
  assert.equal(await study.tell(trial.number, 2 + 1e-9), false);
  assert.deepEqual(messages, []);
  assert.equal(await study.tell(trial.number, 2.5), false);
  assert.equal(await study.fail(trial.number, new Error('too late')), false);
  assert.match(messages.join(), /told twice: 2 first, then 2.5/);
  const [kept] = readStudy(storage.records()).trials;
  assert.deepEqual([kept.values, kept.differing, kept.state], [[2], [[2.5]], 'completed']);
});

test('a trial without a sign of life goes to another, and one that gives one stays', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const study = await createStudy(options({ leaseMs: 40, waveSize: 2, maxTrials: 2 }));
  const [lost, kept] = [(await study.ask()) as AskedTrial, (await study.ask()) as AskedTrial];
  now = 30;
  study.heartbeat(kept.number);
  const asked = study.ask();
  // Until it waits.
  await new Promise((resolve) => setImmediate(resolve));
  now = 41;
  t.mock.timers.tick(41);
  const again = (await asked) as AskedTrial;
  assert.deepEqual(again, lost);
  await study.report(again.number, 1, 3);
  assert.equal(await study.tell(again.number, 1), true);
  assert.throws(() => study.heartbeat(lost.number), OptionError);
  assert.equal(await study.tell(kept.number, 1), true);
  assert.equal(await study.ask(), undefined);
});

test('a trial that is handed back is handed out again, and what it reported counts no more', async () => {
  const study = await createStudy(options({ waveSize: 1, maxTrials: 1 }));
  const trial = (await study.ask()) as AskedTrial;
  await study.report(trial.number, 1, 3);
  const waiting = study.ask();
  study.handBack(trial.number);
  assert.deepEqual(await waiting, trial);
  assert.deepEqual(study.trials[0].reports, []);
});

test('what cannot be told is refused, and the trial stays open', async () => {
  const study = await createStudy(options());
  const { number } = (await study.ask()) as AskedTrial;
  await assert.rejects(study.tell(number, Number.NaN), DataError);
  await assert.rejects(study.tell(number, [1, 2]), DataError);
  await assert.rejects(study.tell(number, 1, { when: new Date() }), OptionError);
  await assert.rejects(study.tell(99, 1), OptionError);
  await assert.rejects(study.report(number, Number.NaN, 1), OptionError);
  assert.equal(await study.tell(number, 1), true);
  await assert.rejects(study.report(number, 2, 1), OptionError);
});

test('whoever waits for a trial is told when the study is stopped', async () => {
  const controller = new AbortController();
  const study = await createStudy(options({ waveSize: 1, activity: { signal: controller.signal } }));
  await study.ask();
  const waiting = assert.rejects(study.ask(), Stopped);
  controller.abort();
  await waiting;
  await assert.rejects(study.ask(), Stopped);
});

test('failures are told, and a study in which everything fails ends with the first reason', async () => {
  const study = await createStudy(options({ maxTrials: 12 }));
  await assert.rejects(
    async () => {
      for (let trial = await study.ask(); trial; trial = await study.ask()) await study.fail(trial.number, new Error(`no ${trial.number}`));
    },
    { message: /12 of 12 trials failed.*no 0/ },
  );
});
