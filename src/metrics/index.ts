/** Metrics: pure functions of what a model said and what was right, each with everything that is to be known of it. Runs in Node and in a page. */
export { type Agreement, agreementBetween, agreementScale } from './agreement.js';
export type {
  AnswerKind,
  AnswerKinds,
  Answers,
  ChannelError,
  Detection,
  Embeddings,
  Fidelity,
  LabelScores,
  Numbers,
  Scores,
  Tokens,
  TrueBox,
} from './answers.js';
export { type ClassCounts, checkLabels, confusionMatrix, predictedClasses } from './classes/confusion.js';
export { logProbabilities } from './classes/probabilities.js';
export { isWithin, lossBetween, worth } from './compare.js';
export { fidelityOf, worstChannels } from './fidelity/worst-channel.js';
export { hiddenChange } from './hidden-change.js';
export { bootstrapInterval, resampled, wilsonInterval } from './intervals.js';
export type { Metric } from './metric.js';
export { columnErrors, r2Of } from './numbers/columns.js';
export { amount, coefficient, decibel, difference, type Scale, share } from './scales.js';
export { type AnyMetric, addMetric, chanceOf, intervalOf, knownMetric, metricNamed, metricsOf, scoreOf } from './table.js';
