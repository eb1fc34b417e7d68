import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';
import { column, oddsOf } from './probabilities.js';
import { areaUnderRoc } from './ranks.js';

const score: Metric<'classes'>['score'] = (scores, labels) => {
  const odds = oddsOf(scores);
  const areas: number[] = [];
  for (let c = 0; c < scores.classes; c++) {
    const positives = labels.reduce((sum, label) => sum + Number(label === c), 0);
    if (positives > 0 && positives < scores.size) areas.push(areaUnderRoc(column(odds, scores, c), (row) => labels[row] === c));
  }
  return areas.reduce((sum, area) => sum + area, 0) / areas.length;
};

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
