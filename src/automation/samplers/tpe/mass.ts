/** Error function, Abramowitz and Stegun 7.1.26: within 1.5e-7 everywhere. */
function erf(x: number): number {
  // Nearer to one than the rest is precise; most kernels are that far from the ends.
  if (Math.abs(x) > 4) return Math.sign(x);
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}

/** The normal distribution's mass in [low, high]. */
export function normalMass(low: number, high: number, mean: number, deviation: number): number {
  const scale = deviation * Math.SQRT2;
  return Math.max(0, (erf((high - mean) / scale) - erf((low - mean) / scale)) / 2);
}
