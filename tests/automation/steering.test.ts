import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AskedTrial,
  createStudy,
  type JournalRecord,
  memoryStorage,
  type Point,
  readStudy,
  type Study,
  type StudyOptions,
  type TrialRecord,
} from 'espalier/automation';
import { OptionError } from 'espalier/base';

/** What is wanted is large, and what it costs is its size: without a limit the search goes to the largest. */
const sizeOf = ({ width, kind }: Point): number => (width as number) * (kind === 'wide' ? 2 : 1);
const usual = ['slim', 'wide'].flatMap((kind) => [0.9, 0.8, 0.2].map((width): Point => ({ kind, width })));

const options = (more: Partial<StudyOptions> = {}): StudyOptions => ({
  space: { kind: { type: 'categorical', choices: ['slim', 'wide'] }, width: { type: 'float', low: 0, high: 1 } },
  directions: ['maximize'],
  objective: (point) => sizeOf(point),
  initialPoints: usual,
  maxTrials: 24,
  seed: 3,
  ...more,
});

const pointsOf = ({ trials }: Pick<Study, 'trials'>) => trials.map(({ point }) => point);
const next = async (study: Study): Promise<AskedTrial> => (await study.ask()) ?? assert.fail('the study has ended');
const done = (study: Study, { number, point }: AskedTrial) => study.tell(number, sizeOf(point));

/** Whether a promise is still open after everything that is due has happened. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return !isSettled;
}

test('paused: nobody is handed a trial, what runs goes on; resumed, the trials are those of a study that never paused', async () => {
  const whole = await createStudy(options());
  await whole.run();
  const study = await createStudy(options());
  const first = await next(study);
  study.pause();
  const waiting = study.ask();
  assert.ok(await isOpen(waiting));
  await study.report(first.number, 1, 0.5);
  await done(study, first);
  assert.ok(await isOpen(waiting));
  study.resume();
  for (let trial = await waiting; trial; trial = await study.ask()) await done(study, trial);
  assert.deepEqual(pointsOf(study), pointsOf(whole));
});

test('a run that is paused waits in the middle of a wave, and a stop ends it all the same', async () => {
  const controller = new AbortController();
  let calls = 0;
  const study: Study = await createStudy(
    options({
      activity: { signal: controller.signal },
      objective: (point) => {
        if (++calls === 2) study.pause();
        return sizeOf(point);
      },
    }),
  );
  const running = study.run();
  assert.ok(await isOpen(running));
  assert.equal(calls, 2);
  controller.abort();
  await assert.rejects(running, /was stopped/);
});

test('more trials, fewer trials: the study ends accordingly', async () => {
  const study = await createStudy(options({ maxTrials: 3 }));
  const trials = [await next(study), await next(study)];
  await study.setMaxTrials(6);
  for (const trial of trials) await done(study, trial);
  for (let trial = await study.ask(); trial; trial = await study.ask()) await done(study, trial);
  assert.equal(study.trials.length, 6);
  const fewer = await createStudy(options());
  const begun = [await next(fewer), await next(fewer)];
  await fewer.setMaxTrials(2);
  for (const trial of begun) await done(fewer, trial);
  assert.equal(await fewer.ask(), undefined);
  assert.deepEqual(
    fewer.trials.map(({ state }) => state),
    ['completed', 'completed'],
  );
  await assert.rejects(fewer.setMaxTrials(0), OptionError);
});

test('a point by hand is tried next, before proposals that nobody has begun, and after the last trial, too', async () => {
  const study = await createStudy(options({ maxTrials: 8 }));
  const [first, second] = [await next(study), await next(study)];
  const byHand = { kind: 'slim', width: 0.123 };
  await study.enqueue({ width: 0.123, kind: 'slim' });
  await assert.rejects(study.enqueue(byHand), /tried already/);
  await assert.rejects(study.enqueue(first.point), /tried already/);
  await assert.rejects(study.enqueue({ kind: 'slim', width: 2 }), /outside the search space/);
  await done(study, first);
  await done(study, second);
  const third = await next(study);
  assert.deepEqual([third.number, third.point], [2, byHand]);
  assert.equal(study.trials[2].byHand, true);
  await done(study, third);
  for (let trial = await next(study); ; trial = await next(study)) {
    if (trial.number === 7) await study.enqueue({ kind: 'wide', width: 0.5 });
    await done(study, trial);
    if (trial.number === 7) break;
  }
  const last = await next(study);
  assert.deepEqual([last.number, last.point], [8, { kind: 'wide', width: 0.5 }]);
  await done(study, last);
  assert.equal(await study.ask(), undefined);
  // What usually works is tried all the same, each once.
  for (const point of usual.slice(0, 5)) assert.equal(pointsOf(study).filter((each) => sizeOf(each) === sizeOf(point)).length >= 1, true);
  await assert.rejects(study.enqueue({ kind: 'wide', width: 0.6 }), /has ended/);
});

/** A study whose limit on the size comes down before one of its trials, by a change that comes while that is next. */
async function limited(storage = memoryStorage(), before = 6, limit = 0.5, more: Partial<StudyOptions> = {}): Promise<Study> {
  let most = storage.records().some(({ kind }) => kind === 'limit') ? limit : Number.POSITIVE_INFINITY;
  const judge = ({ values }: Pick<TrialRecord, 'values'>) =>
    most < Number.POSITIVE_INFINITY ? [(values as number[])[0] / most - 1] : undefined;
  const study = await createStudy(options({ storage, judge, ...more }));
  for (;;) {
    if (most > limit && study.trials.filter(({ state }) => state === 'completed').length === before) {
      await storage.record('limit', limit);
      most = limit;
      await study.rejudge();
    }
    const trial = await study.ask();
    if (!trial) return study;
    await done(study, trial);
  }
}

test('constraints that change in mid-run change the next trial, and what is proposed from then on keeps them', async () => {
  for (const [seed, before] of [3, 4, 5].flatMap((each) => [2, 6, 11].map((count) => [each, count]))) {
    const usualRun = await createStudy(options({ seed }));
    await usualRun.run();
    const study = await limited(memoryStorage(), before, 0.5, { seed });
    const what = `seed ${seed}, after ${before}`;
    assert.deepEqual(pointsOf(study).slice(0, before), pointsOf(usualRun).slice(0, before), what);
    assert.notDeepEqual(pointsOf(study)[before], pointsOf(usualRun)[before], what);
    const kept = (trials: readonly TrialRecord[]) => trials.filter(({ point }) => sizeOf(point) <= 0.5).length / trials.length;
    const [now, otherwise] = [kept(study.trials.slice(before + 3)), kept(usualRun.trials.slice(before + 3))];
    assert.ok(now >= 0.5 && now > 2 * otherwise, `${what}: ${now} of those proposed keep the limit, ${otherwise} would have`);
    for (const { values, violations } of study.trials) assert.deepEqual(violations, [(values as number[])[0] / 0.5 - 1]);
    assert.ok(sizeOf(study.best()!.point) <= 0.5);
  }
});

test('what was changed in its course holds when a study goes on after a kill, wherever it was cut off', async () => {
  const whole = memoryStorage();
  const expected = await limited(whole);
  const records = whole.records();
  const from = records.findIndex(({ kind }) => kind === 'trials.rejudged');
  assert.ok(from > 0 && records.some(({ kind }) => kind === 'wave.cut'));
  for (let length = from + 1; length <= records.length; length++) {
    const resumed = await limited(memoryStorage(records.slice(0, length)));
    assert.deepEqual(resumed.trials, expected.trials, `cut off after record ${length}`);
  }
  const read = readStudy(records);
  assert.deepEqual(read.trials, expected.trials);
});

test('a journal in which a trial that ended is withdrawn contradicts itself', async () => {
  const storage = memoryStorage();
  await (await createStudy(options({ storage, maxTrials: 2 }))).run();
  const cut: JournalRecord = { kind: 'wave.cut', data: { study: 'study', number: 1 } };
  assert.throws(() => readStudy([...storage.records(), cut]), /a trial that was begun is withdrawn/);
});
