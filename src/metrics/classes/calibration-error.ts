import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { predictedClasses } from './confusion.js';
import { logProbabilities } from './probabilities.js';

const BINS = 15;

const score: Metric<'classes'>['score'] = (scores, labels) => {
  const { size, classes } = scores;
  const likelihoods = logProbabilities(scores);
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, hits: 0 }));
  predictedClasses(scores).forEach((guess, row) => {
    const confidence = guess < 0 ? Number.NaN : Math.exp(likelihoods[row * classes + guess]);
    // Bins are open below: a confidence of exactly 1/15 is of the first.
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS) - 1)) || 0];
    bin.confidence += confidence;
    bin.hits += Number(guess === labels[row]);
  });
  return bins.reduce((sum, { confidence, hits }) => sum + Math.abs(confidence - hits), 0) / size;
};

/**
 * Expected calibration error: how far the probability of the answer is from the share of right answers, in the mean over 15 equal bins of that
 * probability, weighted by their samples (Guo et al. 2017).
 */
export const calibrationError: Metric<'classes'> = {
  name: 'ece',
  label: 'calibration error',
  answers: 'classes',
  direction: 'minimize',
  scale: share,
  tolerance: 0.01,
  score,
  interval: resampled(score),
};
