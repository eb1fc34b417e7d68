import { DataError, UnsupportedError } from '../../base/index.js';
import { asNumbers } from '../preprocess/apply.js';
import type { DataTensor } from '../tensor.js';

/** More classes than this are surely something else than classes. */
const MOST_CLASSES = 100_000;

/**
 * The class names that label texts stand for. Whole numbers from 0 on are class numbers themselves, so that a class without samples keeps
 * its place; other whole numbers are sorted by value, texts in plain string order.
 * @throws UnsupportedError for fractional numbers, which are no classes.
 */
export function classesOf(texts: Iterable<string>, where: string): string[] {
  const distinct = [...new Set(texts)];
  const numbers = distinct.map(Number);
  if (distinct.some((text, i) => text.trim() === '' || !Number.isFinite(numbers[i]))) return distinct.sort(byCodeUnit);
  const fraction = numbers.find((number) => !Number.isInteger(number));
  if (fraction !== undefined) {
    throw new UnsupportedError({
      what: 'The labels are fractional numbers: this looks like a regression target',
      where,
      expected: 'class names or whole class numbers',
      got: String(fraction),
      fix: 'Name another label column, or read the data without labels',
    });
  }
  const sorted = numbers.sort((a, b) => a - b);
  const largest = sorted[sorted.length - 1];
  if (sorted[0] !== 0) return sorted.map(String);
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

/**
 * Class labels kept as an array of numbers: [n], [n, 1] or one-hot [n, classes].
 * @throws DataError for another shape, UnsupportedError for numbers that are not whole.
 */
export function labelTexts(tensor: DataTensor, where: string): string[] {
  const values = asNumbers(tensor);
  const [count, width = 1, ...more] = tensor.shape;
  if (more.length > 0)
    throw new DataError({
      what: 'Labels have a shape that is not understood',
      where,
      expected: '[n], [n, 1] or one-hot [n, classes]',
      got: `[${tensor.shape.join(', ')}]`,
    });
  if (width === 1) return Array.from(values, String);
  return Array.from({ length: count }, (_, row) => {
    const ones: number[] = [];
    for (let i = 0; i < width; i++) {
      const value = values[row * width + i];
      if (value === 1) ones.push(i);
      else if (value !== 0) ones.push(-1);
    }
    if (ones.length === 1 && ones[0] >= 0) return String(ones[0]);
    throw new DataError({ what: `Row ${row} of the labels is not one-hot`, where, expected: 'a single 1 among zeros' });
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
