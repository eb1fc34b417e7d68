import { type Answers, logProbabilities } from '../../metrics/index.js';

/** One thing that a model says of a sample. */
export interface NamedAnswer {
  /** The class, label, column or category. */
  name: string;
  /** Probability of a class or label, the number of a column, the score of an object. */
  value: number;
  /** Whether the value is a probability or a score, which people read as percent, rather than a number in the target's own unit. */
  isShare: boolean;
  /** Where an object is: [left, top, width, height] in pixels. */
  box?: readonly [number, number, number, number];
}

/**
 * What answers say of each sample, the surest first. Of answers that have no names there is nothing to say.
 * @param parts names of the classes, labels or columns.
 */
export function namedAnswers(answers: Answers, parts: readonly string[]): NamedAnswer[][] {
  const rows = Array.from({ length: answers.size }, (_, row) => row);
  const surest = (found: NamedAnswer[]) => found.sort((a, b) => b.value - a.value);
  switch (answers.kind) {
    case 'classes': {
      const { classes } = answers.predictions;
      const likelihoods = logProbabilities(answers.predictions);
      return rows.map((row) => surest(named(parts, classes, true, (i) => Math.exp(likelihoods[row * classes + i]))));
    }
    case 'labels': {
      const { classes, data } = answers.predictions;
      return rows.map((row) => surest(named(parts, classes, true, (i) => data[row * classes + i])));
    }
    case 'numbers': {
      const { columns, data } = answers.predictions;
      return rows.map((row) => named(columns, columns.length, false, (i) => data[row * columns.length + i]));
    }
    case 'boxes':
      return answers.predictions.map((found) =>
        surest(found.map(({ category, score, box }) => ({ name: parts[category] ?? String(category), value: score, isShare: true, box }))),
      );
    default:
      return rows.map(() => []);
  }
}

function named(parts: readonly string[], count: number, isShare: boolean, value: (i: number) => number): NamedAnswer[] {
  return Array.from({ length: count }, (_, i) => ({ name: parts[i] ?? String(i), value: value(i), isShare }));
}
