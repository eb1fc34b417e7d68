// How far workers scale, by what this machine's queue, sampler and journal cost: a simulation of events.
//   npx tsc -b src tests && node bench/workers-simulation.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from '../build/tests/support/redis.js';
import { SearchSpace, samplers } from '../dist/automation/index.js';
import { openBullQueue, openBullSource, openJournal } from '../dist/automation/node/index.js';
import { Random } from '../dist/base/index.js';
import { randomFrom } from './queue/processes.mjs';

const queueSeconds = await perJob(1000);
const journalSeconds = await perRecord(200);
const suggestions = new Map();
for (const trials of [100, 1000, 10_000]) suggestions.set(trials, perSuggestion(trials));
const ms = (seconds) => (1000 * seconds).toFixed(2);
console.log(
  `queue ${ms(queueSeconds)} ms a job, journal ${ms(journalSeconds)} ms a record; suggestion ${[...suggestions].map(([n, s]) => `${ms(s)} ms after ${n}`).join(', ')}\n`,
);

const lengths = [10, 60, 600];
console.log(
  `| workers | wave | ${lengths.map((each) => `${each} s a trial`).join(' | ')} |\n| --- | --- |${' --- |'.repeat(lengths.length)}`,
);
for (const workers of [10, 100, 1000])
  for (const times of [1, 4]) {
    const found = lengths.map((length) => `${(100 * utilisation(workers, workers * times, length)).toFixed(0)}%`);
    console.log(`| ${workers} | ${times === 1 ? 'as many' : `${times} times as many`} | ${found.join(' | ')} |`);
  }

/** The share of the time for which workers work, over 4,000 trials at least; trials take from half to one and a half times as long as their mean. */
function utilisation(workers, wave, length) {
  const random = randomFrom(1);
  const waves = Math.max(2, Math.ceil(4000 / wave));
  const free = new Float64Array(workers);
  let [now, coordinator, busy] = [0, 0, 0];
  for (let index = 0; index < waves; index++) {
    let end = 0;
    coordinator = now;
    for (let trial = 0; trial < wave; trial++) {
      // Proposed and written down, posted: one after the other, by one process and one Redis.
      coordinator += suggestionAfter(index * wave) + journalSeconds / Math.min(wave, 50) + queueSeconds;
      const next = free.indexOf(Math.min(...free));
      const seconds = length * (0.5 + random());
      free[next] = Math.max(free[next], coordinator) + seconds;
      busy += seconds;
      end = Math.max(end, free[next]);
    }
    // The last results are written down before the next wave is proposed.
    now = end + journalSeconds;
  }
  return busy / (now * workers);
}

/** Between the measured ones by a straight line, and beyond them by the last one's growth with the trials. */
function suggestionAfter(trials) {
  const known = [[0, 0], ...suggestions];
  const at = known.findIndex(([number]) => number >= trials);
  const [last, seconds] = known.at(-1);
  if (at < 0) return (seconds * trials) / last;
  if (at === 0) return 0;
  const [[a, from], [b, to]] = [known[at - 1], known[at]];
  return from + ((to - from) * (trials - a)) / (b - a);
}

async function perJob(jobs) {
  const redis = await Redis.start();
  const queue = await openBullQueue({ url: redis.url });
  const stop = new AbortController();
  const sources = await Promise.all(Array.from({ length: 8 }, () => openBullSource({ url: redis.url })));
  const served = sources.map((source) => source.serve(async () => null, { stop: stop.signal, handBack: new AbortController().signal }));
  const began = performance.now();
  await Promise.all(Array.from({ length: jobs }, (_, number) => queue.result({ id: `job-${number}`, run: 'run', data: null })));
  const seconds = (performance.now() - began) / 1000 / jobs;
  stop.abort();
  await Promise.all(served);
  await queue.close();
  await redis.remove();
  return seconds;
}

async function perRecord(records) {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-simulation-'));
  const journal = await openJournal(join(folder, 'journal.jsonl'));
  const began = performance.now();
  for (let number = 0; number < records; number++) await journal.record('step', { name: `step ${number}`, result: number });
  const seconds = (performance.now() - began) / 1000 / records;
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
  return seconds;
}

/** Seconds of a suggestion of the default sampler after so many trials: the median of some. */
function perSuggestion(number) {
  const space = new SearchSpace(Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`x${at}`, { type: 'float', low: 0, high: 1 }])));
  const sampler = samplers.tpe.make();
  const random = new Random(1);
  const trials = Array.from({ length: number }, (_, at) => {
    const point = samplers.random.make().ask(space, { seed: 1, directions: ['maximize'], trials: [] }, random.fork(`trial ${at}`));
    const values = [Object.values(point).reduce((sum, value) => sum + value, 0)];
    return { number: at, point, seed: at, state: 'completed', values, reports: [], attributes: {} };
  });
  const times = Array.from({ length: 9 }, (_, at) => {
    const began = performance.now();
    sampler.ask(space, { seed: 1, directions: ['maximize'], trials }, random.fork(`suggestion ${at}`));
    return (performance.now() - began) / 1000;
  });
  return times.sort((a, b) => a - b)[4];
}
