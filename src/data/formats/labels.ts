import { DataError } from '../../base/index.js';
import { asNumbers } from '../preprocess/apply.js';
import { classTargets, type Targets } from '../targets.js';
import type { DataTensor } from '../tensor.js';

/** More classes than this are surely something else than classes. */
const MOST_CLASSES = 100_000;

/**
 * The class names that label texts stand for. Whole numbers from 0 on are class numbers themselves, so that a class without samples keeps
 * its place; other numbers are sorted by value, texts in plain string order.
 * @throws DataError for a class number of 100,000 or more.
 */
export function classesOf(texts: Iterable<string>, where: string): string[] {
  const distinct = [...new Set(texts)];
  const numbers = distinct.map(Number);
  if (distinct.some((text, i) => text.trim() === '' || !Number.isFinite(numbers[i]))) return distinct.sort(byCodeUnit);
  const sorted = numbers.sort((a, b) => a - b);
  const largest = sorted[sorted.length - 1];
  if (sorted[0] !== 0 || !sorted.every(Number.isInteger)) return sorted.map(String);
  if (largest < MOST_CLASSES) return Array.from({ length: largest + 1 }, (_, i) => String(i));
  throw new DataError({ what: 'A class number is too large', where, expected: `less than ${MOST_CLASSES}`, got: String(largest) });
}

/**
 * The class number of each label text. Where no class is named by a number, a number is the class's place.
 * @throws DataError for a label that is none of the classes.
 */
export function numberLabels(texts: readonly string[], classes: readonly string[], where: string): Int32Array {
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const byPlace = classes.every((name) => Number.isNaN(Number(name)));
  if (byPlace) for (let i = 0; i < classes.length; i++) numbers.set(String(i), i);
  return Int32Array.from(texts, (text, i) => {
    const number = numbers.get(text) ?? numbers.get(String(Number(text)));
    if (number !== undefined) return number;
    throw new DataError({ what: `The label of sample ${i} is none of the classes`, where, expected: listed(classes), got: `"${text}"` });
  });
}

/** What is known of the targets before they are read. */
export interface TargetOptions {
  /** Class names, in the order of the model's scores. Default: found in the data. */
  classes?: readonly string[];
  /**
   * What the targets are. Default: fractions, and whole numbers of which most occur once or twice, are numbers to predict; everything else names classes.
   */
  targets?: Targets['kind'];
  /** The targets of the training part: the others have the same classes or columns. */
  like?: Targets;
}

/** Targets from one text a sample: class names or numbers. @param column the name of a column of numbers. */
export function targetsFromTexts(texts: readonly string[], where: string, options: TargetOptions, column = 'target'): Targets {
  const kind = options.like?.kind ?? options.targets ?? (options.classes || !areNumbers(texts) ? 'class' : 'numbers');
  if (kind === 'numbers') return { kind, columns: [column], values: numbersOf(texts, where) };
  const classes = options.classes ?? classNames(options.like) ?? classesOf(texts, where);
  return classTargets(numberLabels(texts, classes, where), classes);
}

/** So many different whole numbers are more likely quantities than classes, where each occurs a few times only and they are not simply counted. */
const MANY_VALUES = 20;
const FEW_TIMES = 5;

/** Whether texts are numbers that name no classes: some are fractions, or they are too many different ones. */
function areNumbers(texts: readonly string[]): boolean {
  const numbers = texts.map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  if (!numbers.every(Number.isFinite)) return false;
  if (!numbers.every(Number.isInteger)) return true;
  const distinct = new Set(numbers);
  const [least, most] = numbers.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [0, 0]);
  const isCounted = least >= 0 && most < distinct.size;
  return !isCounted && distinct.size > MANY_VALUES && distinct.size * FEW_TIMES > numbers.length;
}

function numbersOf(texts: readonly string[], where: string): Float32Array {
  return Float32Array.from(texts, (text, i) => {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(number)) return number;
    throw new DataError({
      what: `The target of sample ${i} is no finite number`,
      where,
      got: `"${text}"`,
      fix: 'Remove such samples, or name a column of numbers with --label',
    });
  });
}

/** Names of what targets are about. */
function namesOf(targets: Targets | undefined): readonly string[] | undefined {
  return targets?.kind === 'numbers' ? targets.columns : classNames(targets);
}

function classNames(targets: Targets | undefined): readonly string[] | undefined {
  return targets && 'classes' in targets ? targets.classes : undefined;
}

/**
 * Targets kept as an array: [n] or [n, 1] of class numbers or of fractions, one-hot [n, classes], [n, labels] of zeros and ones where any number
 * of labels may apply, or [n, columns] of numbers.
 * @throws DataError for another shape.
 */
export function targetsFromTensor(tensor: DataTensor, where: string, options: TargetOptions): Targets {
  const [count, width = 1, ...more] = tensor.shape;
  if (more.length > 0)
    throw new DataError({
      what: 'Labels have a shape that is not understood',
      where,
      expected: '[n], [n, 1], one-hot [n, classes], [n, labels] of zeros and ones, or [n, columns] of numbers',
      got: `[${tensor.shape.join(', ')}]`,
    });
  const values = asNumbers(tensor);
  const { like } = options;
  const wanted = namesOf(like);
  const isOneColumn = like === undefined || like.kind === 'class' || wanted?.length === 1;
  if (width === 1 && isOneColumn) return targetsFromTexts(Array.from(values, String), where, options);
  const found = rowKind(values, width);
  const kind = like?.kind ?? options.targets ?? found;
  const names = checkWidth(options.classes ?? wanted ?? Array.from({ length: width }, (_, i) => String(i)), width, where);
  if (kind === 'numbers') return { kind, columns: names, values: Float32Array.from(values) };
  if (found === 'numbers' || (kind === 'class' && found === 'labels')) throw notMarked(kind, where);
  if (kind === 'labels') return { kind, classes: names, values: Uint8Array.from(values, Number) };
  const labels = new Int32Array(count);
  for (let i = 0; i < values.length; i++) if (values[i] === 1) labels[Math.floor(i / width)] = i % width;
  return classTargets(labels, names);
}

function notMarked(kind: string, where: string): DataError {
  return new DataError({
    what: 'The rows of the labels do not say what they should',
    where,
    expected: kind === 'class' ? 'one 1 among zeros in every row, as in the training part or as was asked for' : 'zeros and ones alone',
    fix: 'Keep the same form of labels in all parts',
  });
}

/** One 1 among zeros in every row is a class; zeros and ones are labels; anything else is numbers. */
function rowKind(values: ArrayLike<number>, width: number): 'class' | 'labels' | 'numbers' {
  let isOneHot = true;
  for (let start = 0; start < values.length; start += width) {
    let ones = 0;
    for (let i = start; i < start + width; i++) {
      if (values[i] !== 0 && values[i] !== 1) return 'numbers';
      ones += values[i];
    }
    isOneHot &&= ones === 1;
  }
  return isOneHot ? 'class' : 'labels';
}

function checkWidth(names: readonly string[], width: number, where: string): readonly string[] {
  if (names.length === width) return names;
  throw new DataError({
    what: 'The names do not fit the columns of the labels',
    where,
    expected: `${width} names, one for each column`,
    got: listed(names),
  });
}

/** Plain order of UTF-16 units, the same in every locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A list that stays short. */
export function listed(names: readonly string[], most = 12): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')}, … (${names.length} in all)`;
}
