import { f1Of, macro } from './confusion.js';
import { countedMetric } from './counted.js';

/** Mean over the classes that occur of the harmonic mean of precision and recall. */
export const f1 = countedMetric({ name: 'f1', label: 'macro F1', figure: f1Of, mean: macro, ofOne: 'F1' });
