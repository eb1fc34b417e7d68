/** How the values of a metric are written and compared. */
export interface Scale {
  /** What a change is measured in, for people: "points". */
  readonly unit: string;
  /** @param samples decides the digits of shares: one after the point below 5,000 samples, two from there on. */
  format(value: number, samples?: number): string;
  /** A change with its sign, in the unit. @param before the value that was changed. */
  formatChange(change: number, before: number, samples?: number): string;
  /**
   * How much is lost between two values that are turned so that more is better: what limits and tolerances are compared with. A hundredth of this is
   * one unit. Negative where it got better.
   */
  measure(before: number, after: number): number;
  /** The change that says nothing, as one sample may make it: never too much to lose. */
  grain(samples: number): number;
}

/** Of a coefficient, or of an amount relative to what it was: other sums of the same numbers make as much. */
const NOTHING = 1e-4;

/** Shares of the whole, from 0 to 1, written as percentages: accuracy, F1. Never rounded up to a perfect score. */
export const share: Scale = {
  unit: 'points',
  format: (value, samples = 0) => `${belowPerfect(value * 100, 100, decimals(samples))}%`,
  formatChange: (change, _, samples = 0) => signed(change * 100, decimals(samples)),
  measure: (before, after) => before - after,
  grain: (samples) => 1.001 / samples,
};

/** Coefficients that are at most 1, written as plain numbers: R², cosine. */
export const coefficient: Scale = {
  unit: 'hundredths',
  format: (value) => belowPerfect(value, 1, 4),
  formatChange: (change) => signed(change, 4),
  measure: (before, after) => before - after,
  grain: () => NOTHING,
};

/** Amounts in units of their own, compared with what they were before: RMSE, log loss. */
export const amount: Scale = {
  unit: '%',
  format: (value) => significant(value),
  formatChange: (change, before) => `${signed(100 * relative(change, before), 1)}%`,
  measure: (before, after) => relative(before - after, before),
  grain: () => NOTHING,
};

/** Differences to what is wanted, in units of their own: there are none at best, and nothing is relative to that. */
export const difference: Scale = {
  unit: 'hundredths',
  format: (value) => significant(value),
  formatChange: (change) => (change > 0 ? `+${significant(change)}` : significant(change)),
  measure: (before, after) => before - after,
  grain: () => 0,
};

/** Decibels that are as good as any more: float32 has 24 binary digits, 6.02 dB each. */
export const MOST_DECIBELS = 150;

/**
 * Ratios of a signal's power to that of its noise, in decibels. Without noise there would be infinitely many, and no loss from there would have a size: what
 * is lost is measured by how much noise was added, as a share of the signal, both as root mean squares: 40 dB are 1%.
 */
export const decibel: Scale = {
  unit: '% of the signal',
  format: (value) => (value >= MOST_DECIBELS ? 'the same within rounding' : `${value.toFixed(1)} dB`),
  formatChange: (change, before) => `${signed(100 * (noiseAt(before) - noiseAt(before + change)), 2)}%`,
  measure: (before, after) => noiseAt(after) - noiseAt(before),
  grain: () => 0,
};

function noiseAt(decibels: number): number {
  return 10 ** (-decibels / 20);
}

function relative(change: number, before: number): number {
  return change === 0 ? 0 : change / Math.max(Math.abs(before), 1e-12);
}

function decimals(samples: number): number {
  return samples >= 5000 ? 2 : 1;
}

function belowPerfect(value: number, perfect: number, digits: number): string {
  const text = value.toFixed(digits);
  if (value < perfect && Number(text) === perfect) return (perfect - 10 ** -digits).toFixed(digits);
  return text;
}

function significant(value: number): string {
  return value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e7) ? String(Number(value.toPrecision(4))) : value.toExponential(3);
}

function signed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  if (Number(text) === 0) return text.replace('-', '');
  return value > 0 ? `+${text}` : text;
}
