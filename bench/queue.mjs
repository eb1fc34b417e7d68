// One coordinator with two workers beside two independent processes that try half of the trials each, in turns, on this machine:
//   npx tsc -b src tests && node bench/queue.mjs [--rounds 3] [--trials 8]
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from '../build/tests/support/redis.js';
import { done, killed, start } from './queue/processes.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, trials: { type: 'string', default: '8' } } });
const trials = Number(values.trials);
const folder = mkdtempSync(join(tmpdir(), 'espalier-queue-'));
const redis = await Redis.start();
await done(folder, 'train', '--arch', 'survey-cnn', '--width', '0.25', '--data', 'digits', '--epochs', '6', '--out', 'net.onnx');
const same = ['optimize', 'net.onnx', '--data', 'digits', '--epochs', '8', '--wave', '8'];
const workers = [1, 2].map(() => start(folder, 'worker', '--queue', redis.url));

const ratios = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const queued = await timed(() => done(folder, ...same, '--trials', String(trials), '--out', `queued-${round}`, '--queue', redis.url));
  const half = (seed) => done(folder, ...same, '--trials', String(trials / 2), '--seed', String(seed), '--out', `half-${seed}-${round}`);
  const apart = await timed(() => Promise.all([half(0), half(1)]));
  ratios.push(apart / queued);
  console.log(
    `${queued.toFixed(1)} s with workers, ${apart.toFixed(1)} s apart: ${(apart / queued).toFixed(2)} of their throughput; load ${loadavg()[0].toFixed(1)}`,
  );
}
ratios.sort((a, b) => a - b);
console.log(`median ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} of ${ratios.length} rounds, ${trials} trials each`);
for (const worker of workers) await killed(worker, true);
await redis.remove();
rmSync(folder, { recursive: true, force: true });

async function timed(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
