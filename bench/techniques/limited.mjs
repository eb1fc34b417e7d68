// Runs a program with limits of time and memory, and says how it ended.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LOOK = 100;
/** On a busy machine a process waits longer than it works: so many times, at most. */
const PATIENCE = 6;
/** Of the system's clock in a second, as /proc counts. */
const TICKS = 100;

/** @param seconds of the processor, by Linux's count; elsewhere of the clock. @returns how it ended, what it printed, its seconds and the most memory that it held, in megabytes (0 where the system does not tell). */
export function limited(args, { seconds, megabytes }) {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (printed[name] += text));
    let [over, peak] = [undefined, 0];
    const stop = (why) => {
      over ??= why;
      child.kill('SIGKILL');
    };
    const watch = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
      if (peak > megabytes) stop(`over ${megabytes} MB`);
      const worked = workedBy(child.pid);
      if ((worked ?? 0) > seconds) stop(`over ${seconds} s`);
      if (performance.now() - start > 1000 * seconds * (worked === undefined ? 1 : PATIENCE)) stop(`over ${seconds} s`);
    }, LOOK);
    child.on('close', (status, signal) => {
      clearInterval(watch);
      resolve({
        status,
        signal,
        over,
        peak: Math.round(peak),
        seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
        ...printed,
      });
    });
  });
}

/** Seconds of the processor that a process took; undefined where the system does not tell. */
function workedBy(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}

function peakOf(pid) {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}
