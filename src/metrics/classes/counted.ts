import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { type ClassCounts, countClasses, type macro } from './confusion.js';

interface Counted extends Pick<Metric<'classes'>, 'name' | 'label' | 'chance'> {
  /** What one class's counts give, in [0, 1]. */
  figure(counts: ClassCounts): number;
  /** How the classes' figures become one. */
  mean: typeof macro;
  /** What the figure of one class is called, where it may be asked for: "F1" in "F1 of cat". Default: it may not. */
  ofOne?: string;
}

/** A metric that counts what became of each class's samples. */
export function countedMetric({ figure, mean, ofOne, ...names }: Counted): Metric<'classes'> {
  const scoredBy = (score: Metric<'classes'>['score']) => ({ score, interval: resampled(score) });
  const whole: Metric<'classes'> = {
    ...names,
    answers: 'classes',
    direction: 'maximize',
    scale: share,
    tolerance: 0.003,
    ...scoredBy((scores, labels) => mean(countClasses(scores, labels), figure)),
  };
  if (ofOne === undefined) return whole;
  return {
    ...whole,
    of: (part, index) => ({
      ...whole,
      name: `${names.name}[${part}]`,
      label: `${ofOne} of ${part}`,
      ...scoredBy((scores, labels) => figure(countClasses(scores, labels)[index])),
    }),
  };
}
