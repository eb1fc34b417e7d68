import { setTimeout } from 'node:timers/promises';
import { smallRun } from './small-run.js';

// Run by killed.test.ts: it kills itself once it has said how far it is so many times, a few milliseconds later.
const [folder, start, trials, events, milliseconds] = process.argv.slice(2);
let left = Number(events);
const onProgress = () => {
  if (--left === 0) void setTimeout(Number(milliseconds)).then(() => process.kill(process.pid, 'SIGKILL'));
};
await smallRun({ folder, strategy: 'shrink-and-improve', trials: Number(trials), onProgress }, start);
