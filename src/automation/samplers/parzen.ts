import type { Random } from '../../base/index.js';
import { Domain } from '../domain.js';
import type { CategoricalParameter, Value } from '../parameters.js';
import { normalDensity, normalMass } from './normal.js';

/** A distribution of one parameter's values, made of values seen and a uniform-like prior. */
export interface ParzenEstimator {
  sample(random: Random): Value;
  /** Logarithm of the density (on the unit scale) or, for discrete parameters, of the mass. */
  logDensity(value: Value): number;
}

/** The prior's weight for each choice of a categorical parameter: with less, a choice that was unlucky early is hardly ever tried again. */
const choicePrior = 2;

/**
 * @param values seen before; may be empty.
 * @param weights one positive number per value. The prior weighs as much as one average value, for a categorical parameter as two of each choice.
 */
export function parzenEstimator(
  domain: CategoricalParameter | Domain,
  values: readonly Value[],
  weights: readonly number[],
): ParzenEstimator {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const priorWeight = domain instanceof Domain ? 1 : choicePrior * domain.choices.length;
  const shares = weights.map((weight) => (weight * values.length) / (total * (values.length + priorWeight)));
  const prior = priorWeight / (values.length + priorWeight);
  return domain instanceof Domain
    ? numericEstimator(domain, values as readonly number[], shares, prior)
    : categoricalEstimator(domain.choices, values, shares, prior);
}

function categoricalEstimator(
  choices: readonly Value[],
  values: readonly Value[],
  shares: readonly number[],
  prior: number,
): ParzenEstimator {
  const masses = choices.map(() => prior / choices.length);
  values.forEach((value, i) => {
    masses[choices.indexOf(value)] += shares[i];
  });
  return {
    sample: (random) => choices[pickByShare(masses, random)],
    logDensity: (value) => Math.log(masses[choices.indexOf(value)]),
  };
}

interface Kernel {
  mean: number;
  deviation: number;
  share: number;
  /** The normal's mass inside [0, 1], to which it is truncated. */
  inside: number;
}

/** A mixture of normals on the unit scale, each truncated to it; as wide as the larger gap to its neighbours (Bergstra et al. 2011). */
function numericEstimator(domain: Domain, values: readonly number[], shares: readonly number[], prior: number): ParzenEstimator {
  const kernels = kernelsOf(
    values.map((value) => domain.toUnit(value)),
    shares,
    prior,
  );
  return {
    sample: (random) => {
      const { mean, deviation } =
        kernels[
          pickByShare(
            kernels.map((kernel) => kernel.share),
            random,
          )
        ];
      // The mean lies inside and the deviation is at most 1: at least one draw in three is accepted.
      for (;;) {
        const unit = mean + deviation * random.normal();
        if (unit >= 0 && unit <= 1) return domain.fromUnit(unit);
      }
    },
    logDensity: (value) => {
      const densityIn = densityOf(domain, value as number);
      return Math.log(kernels.reduce((sum, kernel) => sum + (kernel.share * densityIn(kernel)) / kernel.inside, 1e-300));
    },
  };
}

function densityOf(domain: Domain, value: number): (kernel: Kernel) => number {
  if (Number.isFinite(domain.count)) {
    const [low, high] = domain.binOf(value);
    return ({ mean, deviation }) => normalMass(low, high, mean, deviation);
  }
  const unit = domain.toUnit(value);
  return ({ mean, deviation }) => normalDensity(unit, mean, deviation);
}

/** One kernel per value, and the prior's in the middle with deviation 1. Widths are kept from collapsing: at least 1/(n + 2), or 1/100. */
function kernelsOf(units: readonly number[], shares: readonly number[], prior: number): Kernel[] {
  const narrowest = 1 / Math.min(100, units.length + 2);
  const all = [...units.map((mean, i) => ({ mean, share: shares[i], isPrior: false })), { mean: 0.5, share: prior, isPrior: true }];
  all.sort((a, b) => a.mean - b.mean);
  return all.map(({ mean, share, isPrior }, i) => {
    const below = mean - (all[i - 1]?.mean ?? 0);
    const above = (all[i + 1]?.mean ?? 1) - mean;
    const deviation = isPrior ? 1 : Math.min(1, Math.max(narrowest, below, above));
    return { mean, share, deviation, inside: normalMass(0, 1, mean, deviation) };
  });
}

function pickByShare(shares: readonly number[], random: Random): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  let left = random.uniform(0, total);
  for (let i = 0; i < shares.length - 1; i++) {
    left -= shares[i];
    if (left < 0) return i;
  }
  return shares.length - 1;
}
