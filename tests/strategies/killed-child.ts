import { smallRun } from './small-run.js';

// Run by killed.test.ts, and killed by it.
const [folder, start, trials] = process.argv.slice(2);
await smallRun({ folder, strategy: 'shrink-and-improve', trials: Number(trials) }, start);
