const LOG_ROOT_TAU = Math.log(2 * Math.PI) / 2;

/** The logarithm of the standard normal density. */
export function logDensity(z: number): number {
  return -0.5 * z * z - LOG_ROOT_TAU;
}

/** The ratio of Mills Φ(z)/φ(z) for z ≤ −1, by the continued fraction of Laplace, 1/(x + 1/(x + 2/(x + 3/(x + …)))) with x = −z: to 11 digits. */
export function millsRatio(z: number): number {
  const x = -z;
  const terms = 10 + Math.ceil(250 / (x * x));
  let tail = x;
  for (let k = terms; k >= 1; k--) tail = x + k / tail;
  return 1 / tail;
}

/** The logarithm of Φ(z), the standard normal's mass below z. */
export function logMassBelow(z: number): number {
  if (z < -1) return logDensity(z) + Math.log(millsRatio(z));
  if (z > 1) return Math.log1p(-Math.exp(logDensity(z)) * millsRatio(-z));
  // The series φ(z)·(z + z³/3 + z⁵/15 + …), all of whose terms have one sign.
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return Math.log(0.5 + Math.exp(logDensity(z)) * sum);
}
