import { DataError } from '../../base/index.js';
import type { Scores } from '../answers.js';

/** No class: the answer of a row that holds a NaN. */
export const NO_ANSWER = -1;

/** The class with the largest score in each row, the first of equals. A row with a NaN in it is no answer (-1), and so never right. */
export function predictedClasses({ size, classes, data }: Scores): Int32Array {
  return Int32Array.from({ length: size }, (_, row) => {
    let best = row * classes;
    for (let i = best; i < (row + 1) * classes; i++) {
      if (Number.isNaN(data[i])) return NO_ANSWER;
      if (data[i] > data[best]) best = i;
    }
    return best - row * classes;
  });
}

/**
 * How many rows' largest score is the label's.
 * @throws DataError where a label is outside the classes that the scores have.
 */
export function hits(scores: Scores, labels: Int32Array): number {
  checkLabels(labels, scores.classes);
  return predictedClasses(scores).reduce((sum, guess, row) => sum + Number(guess === labels[row]), 0);
}

/**
 * Row = true class, column = predicted class. Rows without an answer are counted nowhere.
 * @throws DataError where a label is outside the classes.
 */
export function confusionMatrix(predicted: Int32Array, labels: Int32Array, classes: number): number[][] {
  checkLabels(labels, classes);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) if (predicted[i] !== NO_ANSWER) matrix[labels[i]][predicted[i]]++;
  return matrix;
}

/** What is counted of one class. */
export interface ClassCounts {
  /** Samples of the class that were answered with it. */
  hits: number;
  /** Samples of the class. */
  actual: number;
  /** Samples that were answered with it. */
  guessed: number;
}

/**
 * Counts for each class.
 * @throws DataError where a label is outside the classes that the scores have.
 */
export function countClasses(scores: Scores, labels: Int32Array): ClassCounts[] {
  return countPredicted(predictedClasses(scores), labels, scores.classes);
}

/** As `countClasses`, of answers that are known already. */
export function countPredicted(predicted: Int32Array, labels: Int32Array, classes: number): ClassCounts[] {
  checkLabels(labels, classes);
  const counts = Array.from({ length: classes }, () => ({ hits: 0, actual: 0, guessed: 0 }));
  for (let row = 0; row < labels.length; row++) {
    counts[labels[row]].actual++;
    if (predicted[row] === NO_ANSWER) continue;
    counts[predicted[row]].guessed++;
    if (predicted[row] === labels[row]) counts[labels[row]].hits++;
  }
  return counts;
}

/** @throws DataError where a label is outside the classes. */
export function checkLabels(labels: Int32Array, classes: number): void {
  const outside = labels.find((label) => label < 0 || label >= classes);
  if (outside === undefined) return;
  throw new DataError({
    what: 'A label has no score in the model',
    expected: `labels from 0 to ${classes - 1}, because the model gives ${classes} scores`,
    got: `label ${outside}`,
    fix: 'Use the data that the model was trained for, in the same order of classes',
  });
}

/** Mean of a figure over the classes that occur, each alike; NaN where none does. */
export function macro(counts: readonly ClassCounts[], figure: (counts: ClassCounts) => number): number {
  const occurring = counts.filter(({ actual }) => actual > 0);
  return occurring.reduce((sum, each) => sum + figure(each), 0) / occurring.length;
}

/** Mean of a figure over the classes, each by its number of samples. */
export function weighted(counts: readonly ClassCounts[], figure: (counts: ClassCounts) => number): number {
  const all = counts.reduce((sum, { actual }) => sum + actual, 0);
  return counts.reduce((sum, each) => sum + (each.actual === 0 ? 0 : each.actual * figure(each)), 0) / all;
}

/** Share of a class's answers that are right; 0 where it was never answered. */
export const precisionOf = ({ hits, guessed }: ClassCounts): number => (guessed === 0 ? 0 : hits / guessed);
/** Share of a class's samples that were found; NaN for a class without samples. */
export const recallOf = ({ hits, actual }: ClassCounts): number => hits / actual;
/** Harmonic mean of both; 0 where both are. */
export const f1Of = ({ hits, actual, guessed }: ClassCounts): number => (actual + guessed === 0 ? 0 : (2 * hits) / (actual + guessed));
