import { macro, recallOf } from './confusion.js';
import { countedMetric } from './counted.js';

/** Mean over the classes that occur of the share of their samples that is found. */
export const recall = countedMetric({ name: 'recall', label: 'recall', figure: recallOf, mean: macro, ofOne: 'recall' });
