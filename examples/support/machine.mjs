import { availableParallelism, cpus } from 'node:os';

/** What a study was run on, as its results say it. */
export function thisMachine() {
  return { processor: cpus()[0]?.model.trim(), cores: availableParallelism(), node: process.version };
}
