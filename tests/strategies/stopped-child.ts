import { stoppedRun } from './stopped-run.js';

// Run by stoppers.test.ts, which kills it when it has said often enough that an epoch is over.
const [folder, stopper] = process.argv.slice(2);
await stoppedRun({ folder, stopper, onEpoch: () => process.stdout.write('epoch\n') });
