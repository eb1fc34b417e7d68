import type { Scores } from '../answers.js';

/** Logarithms of the classes' probabilities; rows of non-negative numbers that sum to 1 are probabilities, others go through softmax. */
export function logProbabilities({ size, classes, data }: Scores): Float64Array {
  const found = new Float64Array(size * classes);
  for (let row = 0; row < size; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const offset = row * classes;
    if (isDistribution(scores)) for (let c = 0; c < classes; c++) found[offset + c] = Math.log(Math.max(scores[c], LEAST_PROBABILITY));
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

function isDistribution(scores: Float32Array): boolean {
  let sum = 0;
  for (const score of scores) {
    if (!(score >= 0)) return false;
    sum += score;
  }
  return Math.abs(sum - 1) < 1e-3;
}
