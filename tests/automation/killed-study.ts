// Runs a study in the journal that the command line names, for killed.test.ts; killed when so many records are written, where it says how many.
import { halvingStopper, runStudy, type Storage, TrialStopped, tpeSampler } from 'espalier/automation';
import { openJournal } from 'espalier/automation/node';
import { Random } from 'espalier/base';
import { mixed } from './functions.js';

const [path, concurrency, records] = process.argv.slice(2);
const journal = await openJournal(path);
let left = Number(records);
/** The journal, which ends the process while it writes the record of that number, where there is one. */
const storage: Storage = {
  records: () => journal.records(),
  close: () => journal.close(),
  record: (kind, data) => {
    const written = journal.record(kind, data);
    if (--left === 0) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return written;
  },
};
await runStudy({
  space: mixed.space,
  directions: ['minimize', 'minimize'],
  sampler: tpeSampler({ startupTrials: 8 }),
  stopper: halvingStopper({ reductionFactor: 3, rungs: 'synchronous' }),
  waveSize: 6,
  maxTrials: 30,
  seed: 3,
  concurrency: Number(concurrency),
  storage,
  objective: async (point, trial) => {
    const random = new Random(trial.seed);
    const [value] = mixed.of(point);
    for (let step = 1; step <= 3; step++) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      trial.report(step, value + random.uniform() / step);
      if (await trial.shouldStop()) throw new TrialStopped();
    }
    if (random.uniform() < 0.1) throw new Error('by chance');
    trial.attributes.noise = random.uniform();
    return [value, random.uniform()];
  },
});
await storage.close();
