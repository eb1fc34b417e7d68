import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import type { LiveChange, LiveRun, LiveTrial } from 'espalier/strategies';
import type { RunSource } from '#dist/studio/server/index.js';
import { changeBetween } from '#dist/studio/server/runs/change.js';
import { eventsIn, TestStudio, temporaryFolder, until } from './support.js';

const { folder, remove } = temporaryFolder();

const trial = (number: number, error?: string): LiveTrial => ({
  ...{ number, state: 'running', point: { bits: number }, models: [], curve: [] },
  ...(error !== undefined && { error }),
});

function run(revision: number, more: Partial<LiveRun> = {}): LiveRun {
  return {
    ...{
      schema: 'espalier/live@1',
      revision,
      name: 'a run',
      state: 'searching',
      strategy: 's',
      task: { name: 't', kind: 'k', metric: 'm' },
    },
    ...{ limits: {}, models: [], trials: [], wanted: 9, workers: [], messages: [], begun: 1, updated: revision },
    ...more,
  };
}

/** Runs that change when a test says so. */
class Stage implements RunSource {
  now = run(1);
  followed = 0;
  readonly listeners = new Set<() => void>();

  set(next: LiveRun): void {
    this.now = next;
    for (const listener of this.listeners) listener();
  }

  async read() {
    return this.now;
  }

  async follow() {
    const stage = this;
    stage.followed++;
    return {
      get run() {
        return stage.now;
      },
      subscribe: (listener: () => void) => {
        stage.listeners.add(listener);
        return () => stage.listeners.delete(listener);
      },
      close: async () => {
        stage.followed--;
      },
    };
  }

  readonly told: unknown[] = [];

  async steer(folder: string, message: unknown) {
    this.told.push([folder, message]);
  }
}

let stage: Stage;
let studio: TestStudio;
const place = join(folder, 'staged');
before(async () => {
  stage = new Stage();
  mkdirSync(place);
  writeFileSync(join(place, 'journal.jsonl'), '');
  studio = await TestStudio.open(folder, { source: stage, limits: { pace: 0, heartbeat: 100, listeners: 3 } });
});
after(async () => {
  await studio?.close();
  remove();
});

const open = (signal?: AbortSignal) =>
  fetch(`${studio.origin}/api/runs/staged/events`, { headers: { Authorization: `Bearer ${studio.token}` }, signal });

/** Reads events to their end, which may be that the connection is cut. */
async function drained(events: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // Cut.
  }
}

test('two clients hear of every change: the run first, then what is new of it; one journal is read for both', async () => {
  const controllers = [new AbortController(), new AbortController()];
  const responses = await Promise.all(controllers.map(({ signal }) => open(signal)));
  assert.match(String(responses[0].headers.get('content-type')), /^text\/event-stream/);
  const clients = responses.map(eventsIn);
  const next = async () => Promise.all(clients.map(async (client) => (await client.next()).value as { event: string; data: LiveChange }));
  for (const { event, data } of await next()) assert.deepEqual([event, data], ['run', run(1)]);
  assert.equal(stage.followed, 1);
  stage.set(run(2, { trials: [trial(0)], workers: [{ name: 'w', seen: 5 }] }));
  for (const { event, data } of await next())
    assert.deepEqual([event, data], ['change', { revision: 2, updated: 2, trials: [trial(0)], workers: [{ name: 'w', seen: 5 }] }]);
  stage.set(run(3, { trials: [trial(0), trial(1)], workers: [{ name: 'w', seen: 5 }] }));
  for (const { data } of await next()) assert.deepEqual(data, { revision: 3, updated: 3, trials: [trial(1)] });
  controllers[0].abort();
  stage.set(run(4, { trials: [trial(0, 'x'), trial(1)], workers: [{ name: 'w', seen: 5 }] }));
  assert.deepEqual((await clients[1].next()).value?.data, { revision: 4, updated: 4, trials: [trial(0, 'x')] });
  controllers[1].abort();
  await until(() => stage.followed === 0 && stage.listeners.size === 0);
});

test('a run that goes on is told what it is to do, by the schema of such messages', async () => {
  const steer = (json: unknown) => studio.ask('/api/runs/staged/steering', { method: 'POST', json });
  const messages = [
    { kind: 'pause' },
    { kind: 'limits', limits: { maxSize: 5, maxDrop: null } },
    { kind: 'trial', point: { bits: 4, mode: 'static' } },
    { kind: 'trials', trials: 7 },
  ];
  for (const message of messages) assert.equal((await steer(message)).status, 202, message.kind);
  assert.deepEqual(
    stage.told,
    messages.map((message) => [place, message]),
  );
  for (const wrong of [
    { kind: 'limits', limits: { maxSize: -1 } },
    { kind: 'trials', trials: 0 },
    { kind: 'pause', now: true },
    null,
    [],
  ]) {
    const { status, json } = await steer(wrong);
    assert.equal(status, 400);
    assert.match(json.error.message, /Not a message to a run/);
  }
  assert.equal(stage.told.length, messages.length);
});

test('a client that hears nothing for a while hears that the studio is there', async () => {
  const controller = new AbortController();
  const reader = ((await open(controller.signal)).body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  while (!text.includes('\n\n: still here\n\n')) text += new TextDecoder().decode((await reader.read()).value);
  assert.match(text, /^event: run\n/);
  controller.abort();
  await until(() => stage.followed === 0);
});

test('a client that does not read is not written to: what it misses it gets as one change', async () => {
  const { port } = new URL(studio.origin);
  const asked = request({
    port,
    path: '/api/runs/staged/events',
    headers: { Authorization: `Bearer ${studio.token}` },
    agent: false,
  }).end();
  const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
  // Nobody reads the response yet. Each change is some 1 MB, far more than sockets take in between.
  const text = 'x'.repeat(1e6);
  const before = process.memoryUsage();
  for (let i = 0; i < 200; i++) {
    stage.set(run(100 + i, { trials: [trial(i % 3, `${i} ${text}`)], error: `${i}` }));
    await new Promise((resolve) => setImmediate(resolve));
    if (i % 10 === 0) await studio.ask('/api/session');
  }
  const { external, heapUsed, arrayBuffers } = process.memoryUsage();
  const grown = (external + heapUsed + arrayBuffers - before.external - before.heapUsed - before.arrayBuffers) / 1e6;
  assert.ok(grown < 100, `${grown} MB`);
  const client = eventsIn(new Response(Readable.toWeb(response) as ReadableStream<Uint8Array>));
  let events = 0;
  for await (const { data } of client) {
    events++;
    if ((data as LiveRun).revision === 299) break;
  }
  assert.ok(events < 100, `${events} events of 200 changes`);
  asked.destroy();
  await until(() => stage.followed === 0);
});

test('more pages than there may be are refused', async () => {
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  for (const { signal } of controllers) assert.equal((await open(signal)).status, 200);
  assert.equal((await open()).status, 409);
  for (const controller of controllers) controller.abort();
  await until(() => stage.followed === 0);
  const last = new AbortController();
  assert.equal((await open(last.signal)).status, 200);
  last.abort();
});

test('a run that is removed is gone, and the end of the studio is the end of the stream', async () => {
  const first = eventsIn(await open());
  await first.next();
  rmSync(place, { recursive: true });
  const events: string[] = [];
  for await (const { event } of first) events.push(event);
  assert.equal(events.at(-1), 'gone');
  mkdirSync(place);
  writeFileSync(join(place, 'journal.jsonl'), '');
  let response = await open();
  // What was looked for a moment ago is not looked for again at once.
  while (response.status === 404) response = await open();
  const second = eventsIn(response);
  await second.next();
  const ended = drained(second);
  await studio.close();
  await ended;
  await until(() => stage.followed === 0);
});

test('changes: what differs, and the whole where something is gone', () => {
  const before = run(1, { secondsLeft: 5, trials: [trial(0), trial(1)] });
  assert.equal(changeBetween(before, { ...before }), undefined);
  assert.deepEqual(changeBetween(before, { ...before, revision: 2, secondsLeft: 4 }), { revision: 2, secondsLeft: 4 });
  const { secondsLeft: _, ...less } = before;
  assert.equal(changeBetween(before, less), 'whole');
  assert.equal(changeBetween(before, { ...before, trials: [trial(1)] }), 'whole');
});
