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
  /** Mean one-against-rest area under the ROC curve over classes that occur and are not all (Mann–Whitney, ties count half). */
  auc: number;
  /** Mean negative log-likelihood of the labels under softmax of the scores; absent where the scores are not logits or probabilities. */
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
  const confusion = confusionMatrix(predicted, labels, classes);
  const hits = predicted.reduce((sum, guess, i) => sum + Number(guess === labels[i]), 0);
  return {
    samples: size,
    accuracy: hits / size,
    interval: wilsonInterval(hits, size),
    top5: classes > 5 ? topK(scores, labels, 5) : undefined,
    ...macroAverages(confusion),
    auc: meanAuc(scores, labels),
    logLoss: logLoss(scores, labels),
    confusion,
  };
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
  let present = 0;
  confusion.forEach((row, c) => {
    const actual = row.reduce((total, count) => total + count, 0);
    if (actual === 0) return;
    present++;
    const guessed = confusion.reduce((total, each) => total + each[c], 0);
    const precision = guessed === 0 ? 0 : row[c] / guessed;
    const recall = row[c] / actual;
    sum.precision += precision;
    sum.recall += recall;
    sum.f1 += precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  });
  return { precision: sum.precision / present, recall: sum.recall / present, f1: sum.f1 / present };
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

function meanAuc({ size, classes, data }: Scores, labels: Int32Array): number {
  const areas: number[] = [];
  for (let c = 0; c < classes; c++) {
    const positive = labels.reduce((count, label) => count + Number(label === c), 0);
    if (positive === 0 || positive === size) continue;
    const column = Float32Array.from({ length: size }, (_, row) => data[row * classes + c]);
    areas.push(auc(column, (row) => labels[row] === c, positive));
  }
  return areas.length === 0 ? Number.NaN : areas.reduce((sum, area) => sum + area, 0) / areas.length;
}

/** Area under the ROC curve by the rank-sum statistic; equal scores share their mean rank. */
function auc(scores: Float32Array, isPositive: (row: number) => boolean, positive: number): number {
  const order = Int32Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b]);
  let ranks = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
    const shared = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) if (isPositive(order[i])) ranks += shared;
    start = end;
  }
  return (ranks - (positive * (positive + 1)) / 2) / (positive * (scores.length - positive));
}

/** Scores that are probabilities (rows of non-negative numbers that sum to 1) are taken as such, others as logits. */
function logLoss({ size, classes, data }: Scores, labels: Int32Array): number {
  let total = 0;
  for (let row = 0; row < size; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const sum = scores.reduce((all, score) => all + score, 0);
    const own = scores[labels[row]];
    if (Math.abs(sum - 1) < 1e-3 && scores.every((score) => score >= 0)) total -= Math.log(Math.max(own, 1e-12));
    else {
      const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      total += largest + Math.log(scores.reduce((all, score) => all + Math.exp(score - largest), 0)) - own;
    }
  }
  return total / size;
}

/** 95% interval of a proportion by Wilson's score method; [0, 1] for no samples. */
export function wilsonInterval(hits: number, samples: number, z = 1.959963984540054): [number, number] {
  if (samples === 0) return [0, 1];
  const p = hits / samples;
  const scale = 1 + (z * z) / samples;
  const centre = (p + (z * z) / (2 * samples)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / samples + (z * z) / (4 * samples * samples));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
