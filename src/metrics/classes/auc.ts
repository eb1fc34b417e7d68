import type { Scores } from '../answers.js';
import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';
import { logProbabilities } from './probabilities.js';
import { areaUnderRoc } from './ranks.js';
import { resampled } from './resampled.js';

const score: Metric<'classes'>['score'] = (scores, labels) => {
  const likelihoods = logProbabilities(scores);
  const areas: number[] = [];
  for (let c = 0; c < scores.classes; c++) {
    const positives = labels.reduce((sum, label) => sum + Number(label === c), 0);
    if (positives > 0 && positives < scores.size) areas.push(areaUnderRoc(column(likelihoods, scores, c), (row) => labels[row] === c));
  }
  return areas.reduce((sum, area) => sum + area, 0) / areas.length;
};

/** One class's column of a matrix of all. */
export function column(values: Float64Array, { size, classes }: Scores, c: number): Float64Array {
  return Float64Array.from({ length: size }, (_, row) => values[row * classes + c]);
}

/**
 * Mean one-against-rest area under the ROC curve, by the classes' probabilities, over classes that occur and are not all (ties count half); NaN
 * where there is no such class.
 */
export const auc: Metric<'classes'> = {
  name: 'auc',
  label: 'AUC',
  answers: 'classes',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  chance: () => 0.5,
};
