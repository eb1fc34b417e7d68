import type { LiveChange, LiveRun } from '../../strategies/index.js';

/** The run after a change: fields that are named are replaced; models and trials by `id` and `number`, new ones where they belong. What is older than the run changes nothing. */
export function merged(run: LiveRun, { models, trials, ...fields }: LiveChange): LiveRun {
  if (fields.revision <= run.revision) return run;
  return {
    ...run,
    ...fields,
    models: models ? withKeyed(run.models, models, ({ id }) => id) : run.models,
    trials: trials ? withKeyed(run.trials, trials, ({ number }) => number).sort((a, b) => a.number - b.number) : run.trials,
  };
}

function withKeyed<T>(items: readonly T[], changed: readonly T[], key: (item: T) => unknown): T[] {
  const left = new Map(changed.map((item) => [key(item), item]));
  const kept = items.map((item) => {
    const name = key(item);
    const now = left.get(name);
    left.delete(name);
    return now ?? item;
  });
  return [...kept, ...left.values()];
}
