import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JournalRecord } from 'espalier/automation';
import { openJournal } from 'espalier/automation/node';
import { Random } from 'espalier/base';
import { metricNamed } from 'espalier/metrics';
import { type LiveChange, type LiveRun, liveRun, type ModelInfo, type NewEvent, type RunEvent, secondsLeft } from 'espalier/strategies';
import { followRun, openWorkspace, readRun } from 'espalier/strategies/node';
import { toLine } from '#dist/automation/node/lines.js';
import { broken, violations } from '#dist/strategies/criteria/limits.js';
import { markFront } from '#dist/strategies/settle/front.js';
import { smallRun, trainStart } from './small-run.js';

function model(id: string, quality: number, bytes: number): ModelInfo {
  return {
    ...{ id, label: id, file: `models/${id}.onnx`, recipe: [], seed: 0 },
    validation: { metric: 'accuracy', value: quality, samples: 100, details: {}, chance: 0.1 },
    footprint: { bytes, parameters: 0, weightBytes: bytes },
    ...{ notes: {}, onFront: false, breaks: [] },
  };
}

const baseline = model('original', 0.9, 1000);
const header: JournalRecord[] = [
  {
    kind: 'live',
    data: JSON.parse(
      JSON.stringify({
        ...{ name: 'made up', strategy: 'shrink-and-improve', task: { name: 'digits', kind: 'classification', metric: 'accuracy' } },
        ...{ limits: { maxSize: 900 }, objectives: ['quality', 'bytes'], baseline, trials: 20, begun: 1000 },
      }),
    ),
  },
  {
    kind: 'study',
    data: {
      ...{ study: 'study', version: 1, space: { x: { type: 'float', low: 0, high: 1 } }, seed: 0, directions: ['maximize', 'minimize'] },
      ...{ reportDirection: 'maximize', waveSize: 4, sampler: { name: 'tpe', options: {} }, stopper: null, initialPoints: [] },
    },
  },
];

/** The records of a trial that came to some models. */
function trialOf(number: number, models: readonly ModelInfo[]): JournalRecord[] {
  const last = models.at(-1) as ModelInfo;
  const values = [last.validation.value, last.footprint.bytes];
  const attributes = JSON.parse(JSON.stringify({ candidates: models }));
  return [
    { kind: 'trial.asked', data: { study: 'study', number, point: { x: 0.5 }, seed: 1 } },
    { kind: 'trial.begun', data: { study: 'study', number } },
    { kind: 'trial.told', data: { study: 'study', number, values, attributes } },
  ];
}

const random = new Random('models');
const made = Array.from({ length: 60 }, (_, i) => model(`model-${i}`, 0.5 + 0.5 * random.uniform(), 50 + random.integer(1000)));
const steered = (message: object): JournalRecord => ({ kind: 'steered', data: JSON.parse(JSON.stringify({ message, trial: 30 })) });

/** Seconds after the beginning. */
const at = (seconds: number, event: NewEvent): RunEvent =>
  ({ schema: 'espalier/event@1', at: 1000 + 1000 * seconds, ...event }) as RunEvent;

test('the front of a run in progress is the one that it would have if it ended now, by the limits of now', () => {
  const records = [...header, ...made.flatMap((each, number) => trialOf(number, [each]))];
  records.splice(2 + 3 * 40, 0, steered({ kind: 'limits', limits: { maxSize: 300, maxDrop: 20 } }));
  records.splice(2 + 3 * 50 + 1, 0, steered({ kind: 'limits', limits: { maxSize: null } }));
  for (let count = 1; count <= 60; count++) {
    const length = 2 + 3 * count + (count > 40 ? 1 : 0) + (count > 50 ? 1 : 0);
    const limits = count > 50 ? { maxDrop: 20 } : count > 40 ? { maxSize: 300, maxDrop: 20 } : { maxSize: 900 };
    const run = liveRun(records.slice(0, length), []);
    assert.deepEqual(run.limits, limits);
    const metric = metricNamed('accuracy');
    const judged = made.slice(0, count).map((each) => ({ ...each, breaks: broken(violations(limits, each, baseline, metric)) }));
    const first = { ...baseline, breaks: broken(violations(limits, baseline, baseline, metric)) };
    const { models } = markFront(judged, first, ['quality', 'bytes'], metric);
    const shown = (list: readonly ModelInfo[]) => list.map(({ id, onFront, breaks }) => `${id} ${onFront} ${breaks}`).sort();
    assert.deepEqual(shown(run.models), shown(models), `after ${count} trials`);
  }
});

test('states, workers, curves and times are those of the events; lock and last event say who is at work', () => {
  const records = [...header, ...trialOf(0, [made[0]]), ...trialOf(1, [made[1]]).slice(0, 2)];
  const events = [
    at(0, { kind: 'state', state: 'starting', jobs: 2 }),
    at(1, { kind: 'state', state: 'searching' }),
    at(2, { kind: 'trial', number: 0, worker: 'job 1', label: 'prune', begun: 3000 }),
    at(5, { kind: 'trial', number: 0, worker: 'job 1', label: 'prune', begun: 3000, ended: 6000, state: 'completed' }),
    at(6, { kind: 'trial', number: 1, worker: 'job 2', label: 'int8', recipe: [{ technique: 'quantize', options: {} }], begun: 7000 }),
    at(7, { kind: 'progress', worker: 'job 2', trial: 1, task: 'quantize/train', done: 3, total: 9, facts: { loss: 0.5 } }),
    at(8, { kind: 'epoch', worker: 'job 2', trial: 1, epoch: 1, loss: 0.5, quality: 0.8 }),
    at(9, { kind: 'epoch', worker: 'job 2', trial: 1, epoch: 1, loss: 0.4, quality: 0.9 }),
    at(10, { kind: 'message', level: 'warning', text: 'mind' }),
  ];
  const run = liveRun(records, events, { now: 12_000 });
  assert.equal(run.state, 'searching');
  assert.deepEqual(run.trials[0], {
    ...{ number: 0, state: 'completed', point: { x: 0.5 }, models: ['model-0'], curve: [], recipe: [], label: 'model-0' },
    ...{ begun: 3000, ended: 6000, values: [made[0].validation.value, made[0].footprint.bytes] },
  });
  assert.deepEqual([run.trials[1].label, run.trials[1].curveOf], ['int8', 'quality']);
  assert.deepEqual(run.trials[1].curve, [
    { step: 1, value: 0.8 },
    { step: 2, value: 0.9 },
  ]);
  assert.deepEqual(
    run.workers.map(({ name, trial, task }) => [name, trial, task]),
    [
      ['job 1', undefined, undefined],
      ['job 2', 1, 'quantize/train'],
    ],
  );
  assert.equal(run.messages[0].text, 'mind');
  const withoutQuality = events.map((event) => (event.kind === 'epoch' && event.loss === 0.4 ? { ...event, quality: undefined } : event));
  assert.deepEqual(liveRun(records, withoutQuality).trials[1].curve[0], { step: 1, value: 0.5 });
  assert.equal(liveRun(records, withoutQuality).trials[1].curveOf, 'loss');

  const stateAfter = (isHeld: boolean, ...more: RunEvent[]) => liveRun(records, [...events, ...more], { isHeld }).state;
  assert.equal(stateAfter(false), 'stopped');
  const failed = at(11, { kind: 'state', state: 'failed', error: 'no memory' });
  assert.equal(stateAfter(false, failed), 'failed');
  assert.equal(liveRun(records, [...events, failed], { isHeld: false }).error, 'no memory');
  assert.equal(stateAfter(true, failed), 'starting', 'another process has begun');
  assert.equal(stateAfter(false, at(11, { kind: 'state', state: 'complete' })), 'complete');
  assert.equal(stateAfter(true, at(11, { kind: 'state', state: 'paused' })), 'paused');
});

test('the time left: what ended in this run, jobs side by side, the budget, and the end', () => {
  const none = { ended: [], running: [], left: 10, jobs: 1, chosen: 0 };
  const settling = secondsLeft({ ...none, left: 0 }) as number;
  const search = (outlook: Partial<Parameters<typeof secondsLeft>[0]>) => (secondsLeft({ ...none, ...outlook }) as number) - settling;
  assert.equal(secondsLeft(none), undefined);
  assert.equal(search({ ended: [10, 10] }), 100);
  assert.equal(search({ ended: [10, 10], jobs: 2 }), 50);
  assert.equal(search({ ended: [10], jobs: 4, left: 1 }), 10);
  assert.equal(search({ ended: [10], left: 1, running: [4] }), 6);
  assert.equal(search({ ended: [10], left: 1, running: [40] }), 10, 'one that is overdue goes on for a while');
  assert.equal(search({ ended: [10, 10], budget: 30 }), 30);
  assert.equal(search({ ended: [10, 10], budget: -5 }), 0);
  assert.ok(search({ chosen: 5, left: 0 }) > 0);
  // Stages that are found made, and one trial in a busy hour: neither rules the sum, and both kinds count.
  const mixed = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 0.1 : 20));
  assert.ok(Math.abs(search({ ended: mixed }) - 100.5) < 1, `${search({ ended: mixed })}`);
  assert.ok(search({ ended: [...Array.from({ length: 19 }, () => 10), 3600] }) < 110);
  // In made-up runs, where up to two thirds of the trials find their stages made, it is mostly within a third of what the rest then takes.
  const draws = new Random('times');
  const errors: number[] = [];
  for (let run = 0; run < 200; run++) {
    const share = 0.67 * draws.uniform();
    const time = () => (draws.uniform() < share ? 0.2 : 5 + 20 * draws.uniform());
    const [before, after] = [Array.from({ length: 12 }, time), Array.from({ length: 40 }, time)];
    const truth = after.reduce((sum, each) => sum + each, 0);
    errors.push(Math.abs(Math.log(search({ ended: before, left: 40 }) / truth)));
  }
  errors.sort((a, b) => a - b);
  assert.ok(errors[100] < Math.log(4 / 3), `half of the estimates are within a factor of ${Math.exp(errors[100]).toFixed(2)}`);
});

/** Applies a change as a page does. */
function applied(run: LiveRun, { models = [], trials = [], ...fields }: LiveChange): LiveRun {
  const changed = <Each>(all: readonly Each[], some: readonly Each[], key: (each: Each) => unknown) => {
    const list = new Map(all.map((each) => [key(each), each]));
    for (const each of some) list.set(key(each), each);
    return [...list.values()];
  };
  return {
    ...run,
    ...fields,
    models: changed(run.models, models, ({ id }) => id),
    trials: changed(run.trials, trials, ({ number }) => number),
  };
}

test('a run that is followed: changes add up to what is read in the end; it is complete in the end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-live-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const start = await trainStart(folder);
  const out = join(folder, 'run');
  await assert.rejects(readRun(out), /no run here/);
  const running = smallRun({ folder: out, strategy: 'shrink-and-improve', trials: 4 }, start);
  let followed: Awaited<ReturnType<typeof followRun>> | undefined;
  while (!followed) {
    followed = await followRun(out).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
  let seen = followed.run();
  const states: string[] = [seen.state];
  const complete = new Promise<void>((resolve) => {
    followed?.onChange((change) => {
      assert.ok(change.revision > seen.revision);
      seen = applied(seen, change);
      if (seen.state !== states.at(-1)) states.push(seen.state);
      if (seen.state === 'complete') resolve();
    });
  });
  const info = await running;
  await complete;
  await followed.close();
  assert.ok(states.includes('searching') && states.at(-1) === 'complete', states.join());
  const read = await readRun(out);
  const essential = ({ revision: _, updated: __, ...run }: LiveRun) => ({
    ...run,
    trials: [...run.trials].sort((a, b) => a.number - b.number),
  });
  assert.deepEqual(JSON.parse(JSON.stringify(essential(seen))), JSON.parse(JSON.stringify(essential(read))));
  assert.deepEqual(
    new Set(read.models.filter(({ onFront }) => onFront).map(({ id }) => id)),
    new Set(info.models.filter(({ onFront }) => onFront).map(({ id }) => id)),
  );
  assert.equal(read.trials.length, 4);
  assert.ok(read.trials.every(({ begun, ended, label }) => begun && ended && ended >= begun && label));
  assert.ok(read.trials.some(({ curve }) => curve.length > 0));
  assert.deepEqual([read.wanted, read.objectives, read.baseline?.id], [4, info.objectives, 'original']);
});

test('10,000 trials: a change costs what it changes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-many-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'journal.jsonl');
  const draws = new Random('many');
  const linesOf = (number: number) => {
    const one = model(`many-${number}`, 0.5 + 0.5 * draws.uniform(), 50 + draws.integer(1000));
    return trialOf(number, [one]).map(toLine).join('');
  };
  writeFileSync(path, [...header.map(toLine), ...Array.from({ length: 10_000 }, (_, number) => linesOf(number))].join(''));
  // Time on the processor: that of a machine with other work is not this run's.
  const worked = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const began = worked();
  const followed = await followRun(folder, { gatherMs: 0 });
  const opened = worked() - began;
  assert.equal(followed.run().trials.length, 10_000);
  const times: number[] = [];
  for (let number = 10_000; number < 10_020; number++) {
    const changed = new Promise<LiveChange>((resolve) => {
      const stop = followed.onChange((change) => {
        stop();
        resolve(change);
      });
    });
    const lines = linesOf(number);
    const from = worked();
    appendFileSync(path, lines);
    const { trials, models } = await changed;
    times.push(worked() - from);
    assert.deepEqual(
      trials?.map((trial) => trial.number),
      [number],
    );
    assert.ok(models?.some(({ trial }) => trial === number) && models.length < 100);
  }
  await followed.close();
  times.sort((a, b) => a - b);
  t.diagnostic(`10,000 trials take ${opened.toFixed(0)} ms of work, a change ${times[10].toFixed(1)} ms (median)`);
  assert.ok(times[10] < opened / 5, `${times[10]} of ${opened} ms`);
});

test('a workspace that another process has open is at work; one that it left is not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-held-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const workspace = await openWorkspace(folder);
  for (const { kind, data } of header) await workspace.storage.record(kind, data);
  assert.equal((await readRun(folder)).state, 'starting');
  workspace.events?.add({ kind: 'state', state: 'searching' });
  await workspace.close();
  assert.equal((await readRun(folder)).state, 'stopped');
  const journal = await openJournal(join(folder, 'journal.jsonl'));
  assert.equal((await readRun(folder)).state, 'searching');
  await journal.close();
});
