// kill -9 of workers, the coordinator and Redis at random moments of small runs, each of which must end as one undisturbed process does:
//   npx tsc -b src tests && node bench/kills.mjs [--kills 200] [--seed 1] [--folder where]
import { mkdirSync, mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { Redis } from '../build/tests/support/redis.js';
import { readJournal } from '../dist/automation/node/index.js';
import { done, essence, killed, randomFrom, start } from './queue/processes.mjs';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, folder: { type: 'string' } },
});
const wanted = Number(values.kills);
const random = randomFrom(Number(values.seed));
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'espalier-kills-'));
mkdirSync(folder, { recursive: true });
/** Milliseconds from one kill to the next, at most and at least. */
const BETWEEN = [1000, 9000];
/** Milliseconds after which a run is taken for one that never ends. */
const LONGEST = 15 * 60_000;
const WORKERS = 2;

const kills = { worker: 0, coordinator: 0, Redis: 0 };
const total = () => kills.worker + kills.coordinator + kills.Redis;
/** Milliseconds until the job of a dead worker was begun by another. */
const recoveries = [];
const faults = [];
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} load ${loadavg()[0].toFixed(1)}  ${text}`);

const same = ['optimize', 'net.onnx', '--data', 'digits', '--epochs', '1', '--trials', '4', '--serving', 'none'];
await done(folder, 'train', '--arch', 'survey-cnn', '--width', '0.1', '--data', 'digits', '--epochs', '6', '--out', 'net.onnx');
await done(folder, ...same, '--out', 'alone');
const expected = essence(join(folder, 'alone'));
say('the undisturbed run is done');

const redis = await Redis.start();
const queue = new Queue('espalier', { connection: { url: redis.url, maxRetriesPerRequest: null } });
queue.on('error', () => undefined);
const isOver = new AbortController();
/** Jobs whose worker was killed: id -> when. */
const lost = new Map();
const workers = Array.from({ length: WORKERS }, () => keepWorker());
const watching = watchLost();

let runs = 0;
while (total() < wanted) await disturbedRun(`run-${runs++}`);

isOver.abort();
for (const worker of workers) await killed(worker.running, true);
await watching;
await queue.close();
await redis.remove();
recoveries.sort((a, b) => a - b);
const seconds = (share) => ((recoveries[Math.ceil(share * recoveries.length) - 1] ?? 0) / 1000).toFixed(1);
console.log(
  JSON.stringify(
    { runs, kills, total: total(), faults, lostJobs: recoveries.length, p50: seconds(0.5), p90: seconds(0.9), longest: seconds(1) },
    null,
    2,
  ),
);
process.exit(faults.length > 0 ? 1 : 0);

/** A worker that is started again whenever it ends. */
function keepWorker() {
  const kept = { running: start(folder, 'worker', '--queue', redis.url) };
  (async () => {
    while (!isOver.signal.aborted) {
      const { running } = kept;
      const { signal, code } = await running.ended;
      if (isOver.signal.aborted) return;
      if (signal !== 'SIGKILL') await complain('a worker', code, running);
      kept.running = start(folder, 'worker', '--queue', redis.url);
    }
  })();
  return kept;
}

/** What ends by itself may do so where there is no Redis to begin with. */
async function complain(who, code, { said }) {
  if (!/no Redis that answers/.test(said())) {
    faults.push(`${who} ended with ${code}: ${said().slice(-600)}`);
    say(faults.at(-1));
  }
  await sleep(500);
}

/** One run from its beginning to its end, by as many coordinators as it takes. */
async function disturbedRun(name) {
  const began = Date.now();
  const before = total();
  const command = [...same, '--out', name, '--queue', redis.url];
  let running = start(folder, ...command);
  let isDone = false;
  const killing = killer(
    () => isDone,
    () => running,
  );
  for (;;) {
    const { code, signal } = await running.ended;
    if (code === 0) break;
    if (signal !== 'SIGKILL') await complain('the coordinator', code, running);
    if (Date.now() - began > LONGEST) {
      faults.push(`${name} did not end in ${LONGEST / 60_000} minutes`);
      break;
    }
    running = start(folder, ...command);
  }
  isDone = true;
  await killing;
  const found = essence(join(folder, name));
  if (found !== expected) faults.push(`${name} found something else: ${found}`);
  faults.push(...(await journalFaults(name)));
  say(
    `${name}: ${total() - before} kills in ${((Date.now() - began) / 1000).toFixed(0)} s, ${total()} in all; ${found === expected ? 'the same' : 'NOT THE SAME'}; ${faults.length} faults`,
  );
}

/** What a journal says twice, or not at all. */
async function journalFaults(name) {
  const found = [];
  const seen = new Map();
  for (const { kind, data } of await readJournal(join(folder, name, 'journal.jsonl'))) {
    const about = /^trial\.(told|failed|stopped)$/.test(kind)
      ? `end of trial ${data.number}`
      : kind === 'trial.asked'
        ? `proposal of trial ${data.number}`
        : undefined;
    const key = about ?? (['stage', 'file', 'step'].includes(kind) ? `${kind} ${data.id ?? data.name}` : undefined);
    if (kind === 'trial.differs') found.push(`${name}: trial ${data.number} was told twice, with different values`);
    if (key !== undefined) seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  for (let number = 0; number < 4; number++) if (!seen.has(`end of trial ${number}`)) found.push(`${name}: trial ${number} has no end`);
  for (const [key, count] of seen) if (count > 1) found.push(`${name}: ${count} records of the ${key}`);
  return found;
}

async function killer(isDone, coordinator) {
  for (;;) {
    const until = Date.now() + BETWEEN[0] + random() * (BETWEEN[1] - BETWEEN[0]);
    const [what, how] = [random(), random()];
    while (Date.now() < until && !isDone()) await sleep(50);
    if (isDone() || total() >= wanted) return;
    if (what < 0.5) await killWorker(workers[Math.floor(how * WORKERS)].running, how * WORKERS * 2 - Math.floor(how * WORKERS) * 2 < 1);
    else if (what < 0.75) await killCoordinator(coordinator());
    else await killRedis(3000 * how);
  }
}

async function killWorker(running, all) {
  const active = await queue.getActive();
  for (const { id, processedBy } of active) if (processedBy?.endsWith(`-${running.pid}`)) lost.set(id, Date.now());
  kills.worker++;
  await killed(running, all);
}

async function killCoordinator(running) {
  if (running.child.exitCode !== null || running.child.signalCode !== null) return;
  kills.coordinator++;
  await killed(running);
}

async function killRedis(pause) {
  kills.Redis++;
  await redis.kill();
  await sleep(pause);
  await redis.start();
}

/** Notes when the jobs of dead workers were begun again. */
async function watchLost() {
  while (!isOver.signal.aborted) {
    for (const [id, since] of lost) {
      const job = await queue.getJob(id);
      const isAgain = job?.processedOn > since;
      if (isAgain) recoveries.push(job.processedOn - since);
      if (isAgain || job?.finishedOn <= since) lost.delete(id);
    }
    await sleep(200);
  }
}
