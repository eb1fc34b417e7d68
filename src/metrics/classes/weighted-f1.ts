import { f1Of, weighted } from './confusion.js';
import { countedMetric } from './counted.js';

/** Mean of the classes' F1, each weighted by its number of samples. */
export const weightedF1 = countedMetric({ name: 'weightedF1', label: 'weighted F1', figure: f1Of, mean: weighted });
