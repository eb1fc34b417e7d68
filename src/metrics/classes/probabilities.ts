import type { Scores } from '../answers.js';

/**
 * Logarithms of the classes' probabilities; probabilities are those of which every row holds non-negative numbers that sum to 1,
 * whatever a row or two of others may look like; others go through softmax.
 */
export function logProbabilities({ size, classes, data }: Scores): Float64Array {
  const found = new Float64Array(size * classes);
  const given = areDistributions({ size, classes, data });
  for (let row = 0; row < size; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const offset = row * classes;
    if (given) for (let c = 0; c < classes; c++) found[offset + c] = Math.log(Math.max(scores[c], LEAST_PROBABILITY));
    else {
      let largest = Number.NEGATIVE_INFINITY;
      for (const score of scores) largest = Math.max(largest, score);
      let sum = 0;
      for (const score of scores) sum += Math.exp(score - largest);
      const normalizer = largest + Math.log(sum);
      for (let c = 0; c < classes; c++) found[offset + c] = scores[c] - normalizer;
    }
  }
  return found;
}

/** Keeps the logarithm of an impossible class finite. */
const LEAST_PROBABILITY = 1e-12;

function areDistributions({ size, classes, data }: Scores): boolean {
  for (let row = 0; row < size; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    if (!scores.some(Number.isNaN) && !isDistribution(scores)) return false;
  }
  return true;
}

function isDistribution(scores: Float32Array): boolean {
  let sum = 0;
  for (const score of scores) {
    if (!(score >= 0)) return false;
    sum += score;
  }
  return Math.abs(sum - 1) < 1e-3;
}

/**
 * How likely each class is in each row, for ranking only, [size, classes]: its probability where rows are such, else the logarithm of its odds against
 * the others, which still tells apart what softmax rounds to 0 or 1. Rows with a NaN in them are NaN.
 */
export function oddsOf(scores: Scores): Float64Array {
  const { size, classes, data } = scores;
  const found = Float64Array.from(data);
  const given = areDistributions(scores);
  for (let row = 0; row < size; row++) {
    const own = found.subarray(row * classes, (row + 1) * classes);
    if (own.some(Number.isNaN)) own.fill(Number.NaN);
    else if (!given) toOdds(own);
  }
  return found;
}

/** Each score minus the logarithm of the sum of the others' exponentials, in place; nothing is subtracted from a sum that it dominates. */
function toOdds(scores: Float64Array): void {
  const count = scores.length;
  const top = scores.reduce((best, score, i) => (score > scores[best] ? i : best), 0);
  const most = scores[top];
  const second = scores.reduce((best, score, i) => (i === top ? best : Math.max(best, score)), Number.NEGATIVE_INFINITY);
  /** Sums of the exponentials behind each class. */
  const behind = new Float64Array(count + 1);
  for (let i = count - 1; i >= 0; i--) behind[i] = behind[i + 1] + Math.exp(scores[i] - most);
  const others = scores.reduce((sum, score, i) => (i === top ? sum : sum + Math.exp(score - second)), 0);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const own = Math.exp(scores[i] - most);
    scores[i] -= i === top ? second + Math.log(others) : most + Math.log(before + behind[i + 1]);
    before += own;
  }
}

/** One class's column of a matrix of all. */
export function column(values: Float64Array, { size, classes }: Scores, c: number): Float64Array {
  return Float64Array.from({ length: size }, (_, row) => values[row * classes + c]);
}
