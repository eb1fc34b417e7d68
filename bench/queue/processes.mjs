// Commands of a checkout as processes: shared by the benches of the queue.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'espalier.js');

/** Starts a command in a folder. `said()` is what it wrote so far, `ended` its code and signal. */
export function start(folder, ...args) {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const hear = (bytes) => {
    text += bytes;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  return { child, pid: child.pid, said: () => text, ended };
}

/** Runs a command to its end. @throws Error with what it said where it fails. */
export async function done(folder, ...args) {
  const running = start(folder, ...args);
  const { code } = await running.ended;
  if (code !== 0) throw new Error(`espalier ${args.join(' ')} ended with ${code}: ${running.said()}`);
  return running.said();
}

/** kill -9, of its children as well where `all`. Resolves once it is gone. */
export async function killed({ pid, child, ended }, all = false) {
  const children = all ? childrenOf(pid) : [];
  child.kill('SIGKILL');
  for (const each of children) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await ended;
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** What a run found, but for what is measured by a clock, or says by whom. */
export function essence(folder) {
  const { models, baseline, hypervolume, objectives, trials, failures } = JSON.parse(readFileSync(join(folder, 'front.json'), 'utf8'));
  const counted = ({ latency: _, serving: __, ...rest }) => rest;
  const model = ({ id, trial, recipe, validation, test, checks, onFront, footprint, breaks, notes }) => {
    const training = notes?.training?.map(({ loss, epoch }) => [epoch, loss]);
    return {
      id,
      trial,
      recipe,
      validation,
      test,
      checks: checks?.map(({ runtime, status }) => [runtime, status]),
      onFront,
      footprint: counted(footprint),
      breaks,
      training,
    };
  };
  return JSON.stringify({ models: models.map(model), baseline: model(baseline), hypervolume, objectives, trials, failures });
}

/** Numbers from a seed, from 0 to below 1 (a linear congruential generator of 48 bits, as in POSIX). */
export function randomFrom(seed) {
  let state = (BigInt(seed) << 16n) + 0x330en;
  return () => {
    state = (state * 0x5deece66dn + 0xbn) & 0xffffffffffffn;
    return Number(state) / 2 ** 48;
  };
}
