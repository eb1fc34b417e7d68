/** The unit scale in buckets narrower than any kernel: neighbours inside one bucket are too near to matter, which spares sorting. */
const BUCKETS = 256;

/**
 * How wide each kernel is: as the larger gap to its neighbours or the ends (Bergstra et al. 2011), at least 1/(n + 2) or 1/100, so that kernels do
 * not collapse, and at least half a step of a parameter that has steps; the prior's is 1.
 * @param centres on the unit scale, the prior's last.
 * @param count of the values that the parameter has; may be Infinity.
 */
export function widthsOf(centres: Float64Array, count: number): Float64Array {
  const n = centres.length - 1;
  const narrowest = Math.max(0.5 / count, 1 / Math.min(100, n + 2));
  const bucketOf = (centre: number): number => Math.min(BUCKETS - 1, Math.floor(centre * BUCKETS));
  const lowest = new Float64Array(BUCKETS).fill(Infinity);
  const highest = new Float64Array(BUCKETS).fill(-Infinity);
  for (let i = 0; i < n; i++) {
    const bucket = bucketOf(centres[i]);
    lowest[bucket] = Math.min(lowest[bucket], centres[i]);
    highest[bucket] = Math.max(highest[bucket], centres[i]);
  }
  const before = new Float64Array(BUCKETS);
  const after = new Float64Array(BUCKETS);
  for (let b = 0, last = 0; b < BUCKETS; b++) {
    before[b] = last;
    last = Math.max(last, highest[b]);
  }
  for (let b = BUCKETS - 1, last = 1; b >= 0; b--) {
    after[b] = last;
    last = Math.min(last, lowest[b]);
  }
  const widths = new Float64Array(n + 1).fill(1);
  for (let i = 0; i < n; i++) {
    const bucket = bucketOf(centres[i]);
    const below = centres[i] === lowest[bucket] ? centres[i] - before[bucket] : 0;
    const above = centres[i] === highest[bucket] ? after[bucket] - centres[i] : 0;
    widths[i] = Math.min(1, Math.max(narrowest, below, above));
  }
  return widths;
}
