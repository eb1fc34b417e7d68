import type { Metric } from '../metric.js';
import { amount } from '../scales.js';

/** Exponential of the mean negative log-likelihood of the true classes: among how many equally likely ones the model hesitates. */
export const perplexity: Metric<'tokens'> = {
  name: 'perplexity',
  label: 'perplexity',
  answers: 'tokens',
  direction: 'minimize',
  scale: amount,
  tolerance: 0.01,
  score: ({ logLikelihoods }) => Math.exp(-logLikelihoods.reduce((sum, each) => sum + each, 0) / logLikelihoods.length),
};
