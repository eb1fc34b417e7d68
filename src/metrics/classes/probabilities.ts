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
 * How likely a class is in each row, for ranking only: its probability where rows are such, else the logarithm of its odds against the others, which
 * still tells apart what softmax rounds to 0 or 1.
 */
export function oddsOf(scores: Scores, c: number): Float64Array {
  const { size, classes, data } = scores;
  if (areDistributions(scores)) return Float64Array.from({ length: size }, (_, row) => ranked(data, row * classes, classes, c));
  return Float64Array.from({ length: size }, (_, row) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < classes; i++) if (i !== c) most = Math.max(most, data[row * classes + i]);
    let sum = 0;
    for (let i = 0; i < classes; i++) if (i !== c) sum += Math.exp(data[row * classes + i] - most);
    return data[row * classes + c] - most - Math.log(sum);
  });
}

/** A row's own number, NaN where any of the row is. */
function ranked(data: Float32Array, start: number, classes: number, c: number): number {
  return data.subarray(start, start + classes).some(Number.isNaN) ? Number.NaN : data[start + c];
}
