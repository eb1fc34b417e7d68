import { OptionError } from '../../base/index.js';
import type { History, TrialRecord } from '../trial.js';
import { checkNumber } from './compare.js';
import { areVectors, placesOf } from './places.js';
import type { Stopper } from './stopper.js';

export interface HalvingOptions {
  /** The first rung, in the unit of the reports' steps; above 0. Default 1. */
  minResource?: number;
  /** Each rung is this many times the one before, and one in so many trials passes it; an integer of at least 2. Default 3. */
  reductionFactor?: number;
  /**
   * 'synchronous': a trial waits at each rung for its wave, and is compared with it (Jamieson and Talwalkar 2016); for waves of at least
   * `reductionFactor` trials. 'asynchronous': it is compared at once with the earlier waves (ASHA, Li et al. 2020), so that the first wave is
   * never stopped. Default 'asynchronous'.
   */
  rungs?: 'synchronous' | 'asynchronous';
}

/**
 * Successive halving: at steps minResource · reductionFactorⁱ, the best in `reductionFactor` of the trials that got there go on (at least one),
 * the others are stopped. A trial's value at a rung is its first report at or after it. Vectors are ranked as `placesOf` says (multi-objective
 * ASHA, Schmucker et al. 2021).
 * @throws OptionError for an option out of range.
 */
export function halvingStopper({ minResource = 1, reductionFactor = 3, rungs = 'asynchronous' }: HalvingOptions = {}): Stopper {
  if (!(minResource > 0 && Number.isFinite(minResource))) {
    throw new OptionError({ what: 'Bad option', where: 'minResource', expected: 'a number above 0', got: String(minResource) });
  }
  checkNumber('reductionFactor', reductionFactor, 2);
  checkRungs(rungs);
  const rungAt = (_trial: TrialRecord, step: number): number | undefined => highestRung(step, minResource, reductionFactor);
  return {
    name: 'halving',
    options: { minResource, reductionFactor, rungs },
    ...(rungs === 'synchronous' ? { rungAt } : {}),
    shouldStop: (trial, step, _value, history) => {
      const rung = rungAt(trial, step);
      return rung !== undefined && failsAt(rung, reductionFactor, trial, history);
    },
  };
}

export function checkRungs(rungs: string): void {
  if (rungs === 'synchronous' || rungs === 'asynchronous') return;
  throw new OptionError({ what: 'Bad option', where: 'rungs', expected: "'synchronous' or 'asynchronous'", got: String(rungs) });
}

/** The highest rung at or below a step. */
export function highestRung(step: number, minResource: number, reductionFactor: number): number | undefined {
  if (step < minResource) return undefined;
  let rung = minResource;
  while (rung * reductionFactor <= step) rung *= reductionFactor;
  return rung;
}

/**
 * Whether a trial is outside the best 1/reductionFactor at a rung. Of equal numbers the earlier counts as better; vectors of one place stay or go together, so that what no other
 * dominates always goes on.
 */
export function failsAt(rung: number, reductionFactor: number, trial: TrialRecord, history: History): boolean {
  const at = ({ reports }: TrialRecord) => reports.find(({ step }) => step >= rung);
  const own = at(trial);
  if (own === undefined) return false;
  const others = history.trials.flatMap((other) => {
    const report = at(other);
    return report === undefined ? [] : [{ report, number: other.number }];
  });
  const reports = [own, ...others.map(({ report }) => report)];
  const [place, ...places] = placesOf(reports, history);
  const isOrdered = !areVectors(reports);
  const ahead = others.filter(({ number }, i) => places[i] < place || (isOrdered && places[i] === place && number < trial.number)).length;
  return ahead >= Math.max(1, Math.floor((others.length + 1) / reductionFactor));
}
