import { macro, precisionOf } from './confusion.js';
import { countedMetric } from './counted.js';

/** Mean over the classes that occur of the share of their answers that are right; a class that is never answered has 0. */
export const precision = countedMetric({ name: 'precision', label: 'precision', figure: precisionOf, mean: macro, ofOne: 'precision' });
