// Runs a study in the journal named on the command line; killed.test.ts kills this process over and over.
import { halvingStopper, runStudy, TrialStopped, tpeSampler } from 'espalier/automation';
import { openJournal } from 'espalier/automation/node';
import { Random } from 'espalier/base';
import { mixed } from './functions.js';

const [path, concurrency] = process.argv.slice(2);
const storage = await openJournal(path);
process.stdout.write('open\n');
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
