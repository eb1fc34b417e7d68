import type { LiveChange, LiveRun } from '../../../strategies/index.js';

type Field = Exclude<keyof LiveRun, 'schema' | 'revision' | 'models' | 'trials'>;

/**
 * What a client that has `before` is sent so that it has `now`: it may have missed any number of changes, each of which says what is new, and none what is gone.
 * @returns undefined where nothing changed; 'whole' where a change cannot say it: something is gone.
 */
export function changeBetween(before: LiveRun, now: LiveRun): LiveChange | 'whole' | undefined {
  const { schema: _, revision, models, trials, ...fields } = now;
  const { schema: __, revision: ___, models: modelsBefore, trials: trialsBefore, ...fieldsBefore } = before;
  const [model, trial] = [differences(models, modelsBefore, 'id'), differences(trials, trialsBefore, 'number')];
  const isGone = Object.keys(fieldsBefore).some((name) => fieldsBefore[name as Field] !== undefined && fields[name as Field] === undefined);
  if (isGone || model.isGone || trial.isGone) return 'whole';
  const changed = Object.entries(fields).filter(([name, value]) => !isSame(value, fieldsBefore[name as Field]));
  if (changed.length + model.others.length + trial.others.length === 0) return undefined;
  return {
    revision,
    ...Object.fromEntries(changed),
    ...(model.others.length > 0 && { models: model.others }),
    ...(trial.others.length > 0 && { trials: trial.others }),
  };
}

/**
 * Items that are not there, or otherwise, before, and whether one is gone. A run keeps what has not changed as it is and in its place, so that with ten thousand of them next to nothing is
 * looked at.
 */
function differences<T>(items: readonly T[], before: readonly T[], key: keyof T): { others: T[]; isGone: boolean } {
  const known = new Map<unknown, T>();
  const moved: T[] = [];
  for (let i = 0; i < Math.max(items.length, before.length); i++) {
    if (items[i] === before[i]) continue;
    if (i < before.length) known.set(before[i][key], before[i]);
    if (i < items.length) moved.push(items[i]);
  }
  const others = moved.filter((item) => !isSame(item, known.get(item[key])));
  for (const item of moved) known.delete(item[key]);
  return { others, isGone: known.size > 0 };
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
