import { OptionError } from '../../base/index.js';
import type { TrialRecord } from '../trial.js';
import { checkNumber } from './compare.js';
import { checkRungs, failsAt, type HalvingOptions, highestRung } from './halving.js';
import type { Stopper } from './stopper.js';

export interface HyperbandOptions extends HalvingOptions {
  /** The step at which a trial is finished; at least minResource. */
  maxResource: number;
}

/**
 * Hyperband (Li et al. 2018): successive halving in several brackets, which differ in how early they begin to stop: bracket s of S has its
 * first rung at maxResource · reductionFactor⁻ˢ, and only trials of one bracket are compared. Trials take brackets in turn, each bracket
 * as often as Hyperband's allotment ⌈S / (s + 1) · reductionFactorˢ⌉ has it; synchronous rungs want waves of many times S trials.
 * @throws OptionError for an option out of range.
 */
export function hyperbandStopper({ minResource = 1, maxResource, reductionFactor = 3, rungs = 'asynchronous' }: HyperbandOptions): Stopper {
  if (!(minResource > 0 && Number.isFinite(maxResource) && maxResource >= minResource)) {
    const got = `minResource ${minResource}, maxResource ${maxResource}`;
    throw new OptionError({ what: 'Bad resources', where: 'maxResource', expected: '0 < minResource <= maxResource', got });
  }
  checkNumber('reductionFactor', reductionFactor, 2);
  checkRungs(rungs);
  const turns = bracketTurns(minResource, maxResource, reductionFactor);
  const bracketOf = (trial: TrialRecord): number => turns[trial.number % turns.length];
  const rungAt = (trial: TrialRecord, step: number): number | undefined => {
    if (step >= maxResource) return undefined;
    return highestRung(step, maxResource * reductionFactor ** -bracketOf(trial), reductionFactor);
  };
  return {
    name: 'hyperband',
    options: { minResource, maxResource, reductionFactor, rungs },
    ...(rungs === 'synchronous' ? { rungAt } : {}),
    shouldStop: (trial, step, _value, history) => {
      const rung = rungAt(trial, step);
      if (rung === undefined) return false;
      const trials = history.trials.filter((other) => bracketOf(other) === bracketOf(trial));
      return failsAt(rung, reductionFactor, trial, { ...history, trials });
    },
  };
}

/** The bracket of each trial of a round, spread so that no bracket takes many turns on end. */
export function bracketTurns(minResource: number, maxResource: number, reductionFactor: number): number[] {
  let brackets = 1;
  while (minResource * reductionFactor ** brackets <= maxResource) brackets++;
  return Array.from({ length: brackets }, (_, s) => Math.ceil((brackets / (s + 1)) * reductionFactor ** s))
    .flatMap((count, s) => Array.from({ length: count }, (_, i) => ({ s, place: (i + 0.5) / count })))
    .sort((a, b) => a.place - b.place || b.s - a.s)
    .map(({ s }) => s);
}
