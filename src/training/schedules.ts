import { OptionError, requireKnown, unknownName } from '../base/index.js';

/** How the learning rate moves from the first step to the last. All are factors of the base rate, by the fraction of training done. */
export type Schedule =
  /** The base rate throughout. */
  | { kind: 'constant'; warmup?: number }
  /** Half a cosine from 1 to `final` (default 0) (Loshchilov and Hutter 2017, without restarts). */
  | { kind: 'cosine'; warmup?: number; final?: number }
  /** Up and down again: from 1/`start` (default 25) of the base rate to the base rate in the first `rise` (default 0.3) of the steps, then down
   * to 1/`end` (default 10,000) of where it began, both along half cosines (Smith and Topin 2018). */
  | { kind: 'one-cycle'; rise?: number; start?: number; end?: number }
  /** Times `factor` (default 0.1) at each of the given fractions of the training, e.g. [0.5, 0.75]. */
  | { kind: 'step'; at: readonly number[]; factor?: number; warmup?: number }
  /** A straight line from 1 to `final` (default 0). */
  | { kind: 'linear'; warmup?: number; final?: number };

/**
 * The factor of the base learning rate at `step` of `steps` (from 0). `warmup` is the fraction of all steps, in [0, 1), during which the rate
 * rises in a straight line from 0; the rest of the schedule is spread over what remains.
 */
export function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  if (schedule.kind === 'one-cycle') return oneCycle(schedule, step, steps);
  const warm = Math.round((schedule.warmup ?? 0) * steps);
  if (step < warm) return (step + 1) / warm;
  const progress = (step - warm) / Math.max(1, steps - warm);
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'cosine':
      return blend(1, schedule.final ?? 0, progress);
    case 'linear':
      return 1 + ((schedule.final ?? 0) - 1) * progress;
    case 'step':
      return (schedule.factor ?? 0.1) ** schedule.at.filter((fraction) => step >= fraction * steps).length;
  }
}

/** The convention of PyTorch's OneCycleLR: the peak is at the last step of the rise, the lowest rate at the last step of all. */
function oneCycle({ rise = 0.3, start = 25, end = 10_000 }: Extract<Schedule, { kind: 'one-cycle' }>, step: number, steps: number): number {
  const peak = rise * steps - 1;
  if (step <= peak) return blend(1 / start, 1, peak <= 0 ? 1 : step / peak);
  return blend(1, 1 / start / end, Math.min(1, (step - peak) / Math.max(1, steps - 1 - peak)));
}

/** From `a` to `b` along half a cosine. */
function blend(a: number, b: number, progress: number): number {
  return b + ((a - b) * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** The options of each kind. */
const OPTIONS: { readonly [Kind in Schedule['kind']]: readonly Exclude<keyof Extract<Schedule, { kind: Kind }>, 'kind'>[] } = {
  constant: ['warmup'],
  cosine: ['warmup', 'final'],
  'one-cycle': ['rise', 'start', 'end'],
  step: ['at', 'factor', 'warmup'],
  linear: ['warmup', 'final'],
};

/** @throws OptionError for an unknown kind or option, fractions outside [0, 1], and factors that would turn the rate around. */
export function checkSchedule(schedule: Schedule): void {
  const { kind } = schedule;
  const check = (name: string, good: boolean, expected: string, got: unknown) => {
    if (good) return;
    throw new OptionError({
      what: 'Not a usable value',
      where: `schedule option "${name}"`,
      expected,
      got: JSON.stringify(got) ?? String(got),
    });
  };
  const fraction = (name: string, value = 0) => check(name, value >= 0 && value <= 1, 'a fraction of the training, from 0 to 1', value);
  const positive = (name: string, value = 1) => check(name, value > 0 && Number.isFinite(value), 'a positive number', value);
  if (!Object.hasOwn(OPTIONS, kind))
    throw unknownName(kind, Object.keys(OPTIONS), {
      what: 'There is no such schedule',
      where: 'schedule option "kind"',
      got: JSON.stringify(kind),
    });
  const { kind: _, ...given } = schedule;
  requireKnown(given, OPTIONS[kind], `schedule "${kind}"`);
  if (kind === 'one-cycle') {
    fraction('rise', schedule.rise);
    positive('start', schedule.start);
    positive('end', schedule.end);
    return;
  }
  fraction('warmup', schedule.warmup);
  if (kind === 'step') {
    check('at', Array.isArray(schedule.at), 'a list of fractions', schedule.at);
    for (const at of schedule.at) fraction('at', at);
    positive('factor', schedule.factor);
  } else if (kind !== 'constant') check('final', (schedule.final ?? 0) >= 0, 'a number, at least 0', schedule.final);
}
