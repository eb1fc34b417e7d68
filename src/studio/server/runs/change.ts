import type { LiveChange, LiveRun } from '../../../strategies/index.js';

type Field = Exclude<keyof LiveRun, 'schema' | 'revision' | 'models' | 'trials'>;

/**
 * What a client that has `before` is sent so that it has `now`.
 * @returns undefined where nothing changed; 'whole' where a change cannot say it: something is gone.
 */
export function changeBetween(before: LiveRun, now: LiveRun): LiveChange | 'whole' | undefined {
  const { schema: _, revision, models, trials, ...fields } = now;
  const { schema: __, revision: ___, models: modelsBefore, trials: trialsBefore, ...fieldsBefore } = before;
  const isGone =
    Object.keys(fieldsBefore).some((name) => fieldsBefore[name as Field] !== undefined && fields[name as Field] === undefined) ||
    lacks(models, modelsBefore, 'id') ||
    lacks(trials, trialsBefore, 'number');
  if (isGone) return 'whole';
  const changed = Object.entries(fields).filter(([name, value]) => !isSame(value, fieldsBefore[name as Field]));
  const newModels = others(models, modelsBefore, 'id');
  const newTrials = others(trials, trialsBefore, 'number');
  if (changed.length + newModels.length + newTrials.length === 0) return undefined;
  return {
    revision,
    ...Object.fromEntries(changed),
    ...(newModels.length > 0 && { models: newModels }),
    ...(newTrials.length > 0 && { trials: newTrials }),
  };
}

function lacks<T>(items: readonly T[], before: readonly T[], key: keyof T): boolean {
  const keys = new Set(items.map((item) => item[key]));
  return before.some((item) => !keys.has(item[key]));
}

/** Those that are not there, or otherwise, before. */
function others<T>(items: readonly T[], before: readonly T[], key: keyof T): T[] {
  const known = new Map(before.map((item) => [item[key], item]));
  return items.filter((item) => !isSame(item, known.get(item[key])));
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
