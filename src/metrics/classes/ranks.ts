/** Area under the ROC curve by the rank-sum statistic (Mann and Whitney 1947); equal scores share their mean rank. NaN where scores hold one. */
export function areaUnderRoc(scores: Float64Array, isPositive: (row: number) => boolean): number {
  if (scores.some(Number.isNaN)) return Number.NaN;
  const sorted = scores.slice().sort();
  let ranks = 0;
  let count = 0;
  for (let row = 0; row < scores.length; row++) {
    if (!isPositive(row)) continue;
    count++;
    ranks += (lowerBound(sorted, (x) => x < scores[row]) + lowerBound(sorted, (x) => x <= scores[row]) + 1) / 2;
  }
  return (ranks - (count * (count + 1)) / 2) / (count * (scores.length - count));
}

/** How many of the numbers, sorted, lie before the place that `isBefore` says. */
function lowerBound(sorted: Float64Array, isBefore: (x: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One threshold of a score: how many positives and how many samples score at least that much. */
export interface Threshold {
  score: number;
  positives: number;
  samples: number;
}

/** What each threshold lets through, the strictest first; equal scores pass together. */
export function* thresholds(scores: Float64Array, isPositive: (row: number) => boolean): Generator<Threshold, void, undefined> {
  const order = Int32Array.from(scores, (_, row) => row).sort((a, b) => scores[b] - scores[a]);
  let positives = 0;
  for (let place = 0; place < order.length; place++) {
    const row = order[place];
    positives += Number(isPositive(row));
    if (place + 1 === order.length || scores[order[place + 1]] !== scores[row]) yield { score: scores[row], positives, samples: place + 1 };
  }
}

/** How many rows are positive. */
export function countPositives(size: number, isPositive: (row: number) => boolean): number {
  let count = 0;
  for (let row = 0; row < size; row++) count += Number(isPositive(row));
  return count;
}

/**
 * Average precision: the sum over thresholds of precision times the recall gained, without interpolation (as scikit-learn has it). NaN without a
 * positive, and where scores hold a NaN.
 */
export function averagePrecision(scores: Float64Array, isPositive: (row: number) => boolean): number {
  if (scores.some(Number.isNaN)) return Number.NaN;
  const all = countPositives(scores.length, isPositive);
  let sum = 0;
  let before = 0;
  for (const { positives, samples } of thresholds(scores, isPositive)) {
    sum += (positives / samples) * (positives - before);
    before = positives;
  }
  return all === 0 ? Number.NaN : sum / all;
}
