import { EspalierError } from '../../base/index.js';
import type { TrialRecord } from '../trial.js';

/** So many failures, and no success, are taken for an error in the objective. */
const HOPELESS = 10;

/** @param trials of the waves that are over. @throws EspalierError where more of them failed than may, or all of the first. */
export function checkFailures(trials: readonly TrialRecord[], most: number, where: string): void {
  const failed = trials.filter(({ state }) => state === 'failed');
  const isHopeless = failed.length === trials.length && failed.length >= HOPELESS;
  if (failed.length > most || isHopeless) throw tooManyFailed(failed, trials.length, where);
}

/** @param trials of a study that is over. @throws EspalierError where all of them failed. */
export function checkSuccess(trials: readonly TrialRecord[], where: string): void {
  if (trials.length > 0 && trials.every(({ state }) => state === 'failed')) throw tooManyFailed(trials, trials.length, where);
}

function tooManyFailed(failed: readonly TrialRecord[], total: number, where: string): EspalierError {
  const { number, error } = failed[0];
  return new EspalierError({
    what: `${failed.length} of ${total} trials failed, and the study was given up`,
    where,
    got: `from trial ${number}: ${error?.message}`,
  });
}
