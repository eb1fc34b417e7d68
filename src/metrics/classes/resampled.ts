import type { Scores } from '../answers.js';
import { bootstrapInterval, rowsAt } from '../intervals.js';

/** Bootstrap interval of a score of classes. */
export function resampled(score: (scores: Scores, labels: Int32Array) => number) {
  return (scores: Scores, labels: Int32Array): readonly [number, number] | undefined => {
    const { size, classes, data } = scores;
    return bootstrapInterval(size, size * classes, (drawn) =>
      score(
        { size, classes, data: rowsAt(data, classes, drawn) },
        Int32Array.from(drawn, (row) => labels[row]),
      ),
    );
  };
}
