import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Message } from 'espalier/base';
import { stillTold } from '#dist/strategies/live/compact.js';
import { Happenings } from '#dist/strategies/live/happenings.js';
import { Recorder } from '#dist/strategies/live/recorder.js';
import { eventsIn, openEvents } from '#dist/strategies/node/events.js';
import { type NewEvent, parseEvent, type RunEvent } from '#dist/strategies/results/event.js';

const message = (text: string): NewEvent => ({ kind: 'message', level: 'info', text });
const textsOf = (events: readonly RunEvent[]) => events.flatMap((event) => (event.kind === 'message' ? [event.text] : []));

function folderFor(t: { after: (done: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-events-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('events: lines of JSON whose times rise, also over processes; a torn line, one of another version and other text are passed over', async (t) => {
  const path = join(folderFor(t), 'events.jsonl');
  const first = openEvents(path);
  for (const text of ['a', 'b', 'c']) first.add(message(text));
  await first.close();
  appendFileSync(path, '{"schema":"espalier/event@1","at":99999999999999,"kind":"message","lev');
  const second = openEvents(path);
  second.add(message('d'));
  await second.close();
  appendFileSync(path, '{"schema":"espalier/event@2","at":1,"kind":"message","level":"info","text":"of tomorrow"}\nno JSON\n');
  const events = eventsIn(readFileSync(path, 'utf8'));
  assert.deepEqual(textsOf(events), ['a', 'b', 'c', 'd']);
  for (const [i, { at, schema }] of events.entries()) {
    assert.equal(schema, 'espalier/event@1');
    assert.ok(i === 0 || at > events[i - 1].at);
    assert.ok(Math.abs(at - Date.now()) < 60_000);
  }
  assert.equal(parseEvent('{"schema":"espalier/event@1","at":1,"kind":"trial","number":-1,"worker":"job 1","begun":1}'), undefined);
});

test('a file that cannot be written is said once, and nothing fails', async (t) => {
  const path = join(folderFor(t), 'events.jsonl');
  mkdirSync(path);
  const messages: Message[] = [];
  const log = openEvents(path, { onMessage: (each) => messages.push(each) });
  log.add(message('a'));
  await log.close();
  log.add(message('b'));
  await log.close();
  assert.equal(messages.length, 1);
  assert.match(messages[0].text, /events\.jsonl cannot be written \(it is a folder\): nobody can look on\. The run goes on\./);
});

test('a file that has grown is written anew: what still says something stays, and its size is bounded', async (t) => {
  const path = join(folderFor(t), 'events.jsonl');
  const most = 40_000;
  const log = openEvents(path, {}, most);
  log.add({ kind: 'state', state: 'starting', jobs: 2 });
  let largest = 0;
  for (let number = 0; number < 2000; number++) {
    log.add({ kind: 'trial', number, worker: 'job 1', begun: number, label: 'prune' });
    log.add({ kind: 'progress', worker: 'job 1', trial: number, task: 'train', done: 1 });
    log.add({ kind: 'trial', number, worker: 'job 1', begun: number, ended: number + 1, state: 'completed' });
    log.add(message(`trial ${number}`));
    if (number % 20 > 0) continue;
    await log.close();
    largest = Math.max(largest, statSync(path).size);
  }
  await log.close();
  assert.ok(largest < most + 20_000, `${largest}`);
  const events = eventsIn(readFileSync(path, 'utf8'));
  assert.deepEqual(textsOf(events).slice(-3), ['trial 1997', 'trial 1998', 'trial 1999']);
  assert.ok(events.some((event) => event.kind === 'state' && event.jobs === 2));
  assert.ok(events.some((event) => event.kind === 'trial' && event.number === 1999 && event.ended !== undefined));
  assert.deepEqual(stillTold(stillTold(events)), stillTold(events));
});

test('what workers of other processes do is theirs, with trial and epochs, until they are idle', async () => {
  const events: NewEvent[] = [];
  const heard: string[] = [];
  const activity = { onProgress: ({ task }: { task: string }) => heard.push(task) };
  const recorder = new Recorder(activity, { add: (event) => events.push(event) }, { jobs: 4, budgetMs: Number.POSITIVE_INFINITY });
  const worker = { name: 'far-12' };
  await recorder.trial({ number: 3, label: 'prune', recipe: [] }, new AbortController().signal, async () => {
    recorder.activity.onProgress?.({ task: 'trial 3/train', done: 1, total: 2, worker, epoch: { epoch: 1, loss: 0.5 } });
    recorder.activity.onProgress?.({ task: '', done: 0, worker: { ...worker, isIdle: true } });
  });
  assert.deepEqual(heard, ['trial 3/train'], 'that somebody has nothing to do is no progress');
  const ofWorker = events.filter((event) => 'worker' in event && event.worker === 'far-12');
  assert.deepEqual(ofWorker, [
    { kind: 'progress', worker: 'far-12', trial: 3, task: 'train', done: 1, total: 2 },
    { kind: 'epoch', worker: 'far-12', trial: 3, epoch: 1, loss: 0.5 },
    { kind: 'idle', worker: 'far-12' },
  ]);
  const stamped = events.map(
    (event, index) => parseEvent(JSON.stringify({ schema: 'espalier/event@1', at: index + 1, ...event })) as RunEvent,
  );
  const happenings = new Happenings();
  const shown = stamped.map((event) => {
    happenings.add(event);
    return happenings.workers.find(({ name }) => name === 'far-12');
  });
  assert.deepEqual(shown[2], { name: 'far-12', trial: 3, task: 'train', done: 1, total: 2, seen: 3 });
  assert.deepEqual(shown.at(-1), { name: 'far-12', seen: 5 });
  assert.deepEqual(
    stillTold(stamped)
      .filter((event) => 'worker' in event && event.worker === 'far-12')
      .map(({ kind }) => kind),
    ['idle'],
  );
});

test('the recorder: jobs by name, trials from beginning to end, a progress in a second of each job, every epoch', async () => {
  const events: NewEvent[] = [];
  const heard: string[] = [];
  const activity = { onProgress: ({ task }: { task: string }) => heard.push(task), onMessage: () => heard.push('message') };
  const recorder = new Recorder(activity, { add: (event) => events.push(event) }, { jobs: 2, budgetMs: Number.POSITIVE_INFINITY });
  const { signal } = new AbortController();
  const train = (number: number) =>
    recorder.trial({ number, label: `recipe ${number}`, recipe: [] }, signal, async () => {
      for (let done = 1; done <= 50; done++) {
        const epoch = done % 25 === 0 ? { epoch: done / 25, loss: 1 / done, quality: 0.9 } : undefined;
        recorder.activity.onProgress?.({ task: `trial ${number}/prune/train`, done, total: 50, ...(epoch && { epoch }) });
        await Promise.resolve();
      }
      if (number === 1) throw new Error('by chance');
    });
  await Promise.allSettled([train(0), train(1)]);
  await Promise.allSettled([train(2)]);
  recorder.activity.onMessage?.({ level: 'info', text: 'said' });
  await assert.rejects(
    recorder.run(() => Promise.reject(new Error('broken'))),
    /broken/,
  );

  assert.equal(heard.length, 151);
  assert.deepEqual(events[0], { kind: 'state', state: 'starting', jobs: 2 });
  assert.deepEqual(events.at(-1), { kind: 'state', state: 'failed', error: 'broken' });
  const trials = events.flatMap((event) => (event.kind === 'trial' ? [[event.number, event.worker, event.state ?? 'begun']] : []));
  assert.deepEqual(trials, [
    [0, 'job 1', 'begun'],
    [1, 'job 2', 'begun'],
    [0, 'job 1', 'completed'],
    [1, 'job 2', 'failed'],
    [2, 'job 1', 'begun'],
    [2, 'job 1', 'completed'],
  ]);
  const epochs = events.flatMap((event) => (event.kind === 'epoch' ? [[event.trial, event.epoch, event.quality]] : []));
  assert.equal(epochs.length, 6);
  const ofFirst = events.flatMap((event) => (event.kind === 'progress' && event.worker === 'job 1' ? [event] : []));
  assert.ok(ofFirst.length <= 4, `${ofFirst.length} lines in a moment`);
  assert.deepEqual([ofFirst[0].task, ofFirst[0].trial, ofFirst[0].done], ['prune/train', 0, 1]);
  assert.deepEqual([ofFirst.at(-1)?.trial, ofFirst.at(-1)?.done], [2, 50]);
});
