import type { Random } from '../../../base/index.js';

/**
 * A child of two values by simulated binary crossover with bounds (Deb and Agrawal 1995; Deb et al. 2002): spread about the parents as one bit string's
 * crossover would, the nearer the larger `index`.
 * @param a on the unit scale, as is b.
 * @param index of the distribution, e.g. 20.
 */
export function crossed(a: number, b: number, index: number, random: Random): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  if (high - low < 1e-14) return a;
  const isLower = random.uniform() < 0.5;
  const room = isLower ? low : 1 - high;
  const reach = 2 - (1 + (2 * room) / (high - low)) ** -(index + 1);
  const u = random.uniform() * reach;
  const spread = (u <= 1 ? u : 1 / (2 - u)) ** (1 / (index + 1));
  const half = (spread * (high - low)) / 2;
  const middle = (low + high) / 2;
  return Math.min(1, Math.max(0, isLower ? middle - half : middle + half));
}

/**
 * A value near another by polynomial mutation with bounds (Deb and Agrawal 1999).
 * @param unit on the unit scale.
 * @param index of the distribution, e.g. 20; the larger, the nearer.
 */
export function mutated(unit: number, index: number, random: Random): number {
  const u = random.uniform();
  const power = 1 / (index + 1);
  const move =
    u < 0.5
      ? (2 * u + (1 - 2 * u) * (1 - unit) ** (index + 1)) ** power - 1
      : 1 - (2 * (1 - u) + (2 * u - 1) * unit ** (index + 1)) ** power;
  return Math.min(1, Math.max(0, unit + move));
}
