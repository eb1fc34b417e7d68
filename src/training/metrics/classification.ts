import { DataError } from '../../base/index.js';

/** Scores of `size` samples over `classes` classes, row by row; larger means likelier. */
export interface Scores {
  size: number;
  classes: number;
  data: Float32Array;
}

export interface ClassificationReport {
  /** Samples measured. */
  samples: number;
  /** Fraction whose largest score is the label's, in [0, 1]. */
  accuracy: number;
  /** 95% interval of the accuracy (Wilson 1927). */
  interval: [number, number];
  /** Fraction whose label is among the five largest scores; absent with five classes or fewer. */
  top5?: number;
  /** Unweighted means over the classes that occur; a class never predicted has precision 0. */
  precision: number;
  recall: number;
  f1: number;
  /**
   * Mean one-against-rest area under the ROC curve, by the classes' probabilities, over classes that occur and are not all (Mann–Whitney, ties
   * count half); NaN where there is no such class.
   */
  auc: number;
  /** Mean negative log-likelihood of the labels. Rows of non-negative numbers that sum to 1 are probabilities; others go through softmax. */
  logLoss: number;
  /** Row = true class, column = predicted class. */
  confusion: number[][];
}

/** @throws DataError where a label is outside the classes that the scores have. */
export function classificationReport(scores: Scores, labels: Int32Array): ClassificationReport {
  const { size, classes } = scores;
  const outside = labels.findIndex((label) => label < 0 || label >= classes);
  if (outside >= 0) {
    throw new DataError({
      what: 'A label has no score in the model',
      expected: `labels from 0 to ${classes - 1}, because the model gives ${classes} scores`,
      got: `label ${labels[outside]}`,
      fix: 'Use the data that the model was trained for, in the same order of classes',
    });
  }
  const predicted = predictions(scores);
  const likelihoods = logProbabilities(scores);
  const confusion = confusionMatrix(predicted, labels, classes);
  const hits = predicted.reduce((sum, guess, i) => sum + Number(guess === labels[i]), 0);
  return {
    samples: size,
    accuracy: hits / size,
    interval: wilsonInterval(hits, size),
    top5: classes > 5 ? topK(scores, labels, 5) : undefined,
    ...macroAverages(confusion),
    auc: meanAuc(likelihoods, scores, labels),
    logLoss: labels.reduce((sum, label, row) => sum - likelihoods[row * classes + label], 0) / size,
    confusion,
  };
}

/** Log loss of labels of which a share is spread evenly over all classes. */
export function smoothedLoss(scores: Scores, labels: Int32Array, smoothing: number): number {
  const { size, classes } = scores;
  const likelihoods = logProbabilities(scores);
  const own = labels.reduce((sum, label, row) => sum - likelihoods[row * classes + label], 0);
  const all = likelihoods.reduce((sum, each) => sum - each, 0) / classes;
  return ((1 - smoothing) * own + smoothing * all) / size;
}

/** The class with the largest score, the first of equals. */
export function predictions({ size, classes, data }: Scores): Int32Array {
  return Int32Array.from({ length: size }, (_, row) => {
    let best = row * classes;
    for (let i = best + 1; i < (row + 1) * classes; i++)
      if (data[i] > data[best] || (Number.isNaN(data[best]) && !Number.isNaN(data[i]))) best = i;
    return best - row * classes;
  });
}

function confusionMatrix(predicted: Int32Array, labels: Int32Array, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) matrix[labels[i]][predicted[i]]++;
  return matrix;
}

function macroAverages(confusion: readonly (readonly number[])[]): { precision: number; recall: number; f1: number } {
  const sum = { precision: 0, recall: 0, f1: 0 };
  const guesses = confusion.map((_, c) => confusion.reduce((total, row) => total + row[c], 0));
  const occurring = confusion.flatMap((row, c) => {
    const actual = row.reduce((total, count) => total + count, 0);
    return actual === 0 ? [] : [{ hits: row[c], actual, guessed: guesses[c] }];
  });
  for (const { hits, actual, guessed } of occurring) {
    sum.precision += guessed === 0 ? 0 : hits / guessed;
    sum.recall += hits / actual;
    sum.f1 += (2 * hits) / (actual + guessed);
  }
  const count = occurring.length;
  return { precision: sum.precision / count, recall: sum.recall / count, f1: sum.f1 / count };
}

/** Fraction of samples whose label's score has fewer than k larger ones. */
export function topK({ classes, data }: Scores, labels: Int32Array, k: number): number {
  let hits = 0;
  labels.forEach((label, row) => {
    const own = data[row * classes + label];
    let larger = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) if (data[i] > own) larger++;
    if (larger < k) hits++;
  });
  return hits / labels.length;
}

function meanAuc(likelihoods: Float64Array, { size, classes }: Scores, labels: Int32Array): number {
  const members: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, row) => {
    members[label].push(row);
  });
  const column = new Float64Array(size);
  let total = 0;
  let counted = 0;
  members.forEach((positives, c) => {
    if (positives.length === 0 || positives.length === size) return;
    for (let row = 0; row < size; row++) column[row] = likelihoods[row * classes + c];
    total += auc(column, positives);
    counted++;
  });
  return counted === 0 ? Number.NaN : total / counted;
}

/** Area under the ROC curve by the rank-sum statistic; equal scores share their mean rank. */
function auc(scores: Float64Array, positives: readonly number[]): number {
  const sorted = scores.slice().sort();
  let ranks = 0;
  for (const row of positives) ranks += (lowerBound(sorted, (x) => x < scores[row]) + lowerBound(sorted, (x) => x <= scores[row]) + 1) / 2;
  const count = positives.length;
  return (ranks - (count * (count + 1)) / 2) / (count * (scores.length - count));
}

/** How many of the numbers, sorted, lie before the place that `isBefore` says. */
function lowerBound(sorted: Float64Array, isBefore: (x: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Logarithms of the classes' probabilities; see ClassificationReport.logLoss. */
function logProbabilities({ size, classes, data }: Scores): Float64Array {
  const found = new Float64Array(size * classes);
  for (let row = 0; row < size; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const offset = row * classes;
    if (isDistribution(scores)) for (let c = 0; c < classes; c++) found[offset + c] = Math.log(Math.max(scores[c], LEAST_PROBABILITY));
    else {
      let largest = Number.NEGATIVE_INFINITY;
      for (const score of scores) largest = Math.max(largest, score);
      let sum = 0;
      for (const score of scores) sum += Math.exp(score - largest);
      const normalizer = largest + Math.log(sum);
      for (let c = 0; c < classes; c++) found[offset + c] = scores[c] - normalizer;
    }
  }
  return found;
}

/** Keeps the logarithm of an impossible class finite. */
const LEAST_PROBABILITY = 1e-12;

function isDistribution(scores: Float32Array): boolean {
  let sum = 0;
  for (const score of scores) {
    if (!(score >= 0)) return false;
    sum += score;
  }
  return Math.abs(sum - 1) < 1e-3;
}

/** 95% interval of a proportion by Wilson's score method; [0, 1] for no samples. */
export function wilsonInterval(hits: number, samples: number, z = 1.959963984540054): [number, number] {
  if (samples === 0) return [0, 1];
  const p = hits / samples;
  const scale = 1 + (z * z) / samples;
  const centre = (p + (z * z) / (2 * samples)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / samples + (z * z) / (4 * samples * samples));
  return [hits === 0 ? 0 : centre - half, hits === samples ? 1 : centre + half];
}
