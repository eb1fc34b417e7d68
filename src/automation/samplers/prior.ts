import { hashText } from '../../base/index.js';
import { asJson, canonicalText } from '../json.js';
import type { Point } from '../parameters.js';
import type { TrialRecord } from '../trial.js';
import type { Sampler } from './sampler.js';

/** What is known of a point from an earlier study with the same objectives. */
export interface PriorTrial {
  readonly point: Point;
  /** One finite number per direction. */
  readonly values: readonly number[];
  /** As `TrialRecord` has them. */
  readonly violations?: readonly number[];
}

/**
 * The same sampler, which learns from what is known of an earlier study as from trials of its own before the first. One that learns from no trials (`takesPrior`) stays as it is.
 * The journal notes a digest: a study is not resumed with others.
 */
export function withPrior(sampler: Sampler, prior: readonly PriorTrial[]): Sampler {
  if (!sampler.takesPrior || prior.length === 0) return sampler;
  const known = prior.map(({ point, values, violations }, i): TrialRecord => {
    const number = i - prior.length;
    return { number, point, seed: 0, state: 'completed', reports: [], values, attributes: {}, ...(violations && { violations }) };
  });
  const digest = hashText(canonicalText(asJson(prior, 'prior')));
  return {
    ...sampler,
    options: { ...sampler.options, prior: { trials: prior.length, digest } },
    ask: (space, history, random) => sampler.ask(space, { ...history, trials: [...known, ...history.trials] }, random),
  };
}
