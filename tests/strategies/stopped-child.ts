import { stoppedRun } from './stopped-run.js';

// Run by stoppers.test.ts: it kills itself when so many epochs are over.
const [folder, stopper, epochs] = process.argv.slice(2);
let left = Number(epochs);
await stoppedRun({
  folder,
  stopper,
  onEpoch: () => {
    if (--left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
