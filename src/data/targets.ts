import { DataError, OptionError } from '../base/index.js';
import { bytesOf } from './tensor.js';

/** One class a sample. */
export interface ClassTargets {
  readonly kind: 'class';
  /** Names of the classes, by number. */
  readonly classes: readonly string[];
  /** A class number for each sample, in [0, classes). */
  readonly values: Int32Array;
}

/** Any number of labels a sample: each label is a yes-or-no question of its own. */
export interface LabelSetTargets {
  readonly kind: 'labels';
  /** Names of the labels, by number. */
  readonly classes: readonly string[];
  /** [samples, labels], row by row: 1 where the label applies, else 0. */
  readonly values: Uint8Array;
}

/** Numbers to be predicted: one or more columns. */
export interface NumberTargets {
  readonly kind: 'numbers';
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** [samples, columns], row by row; finite. */
  readonly values: Float32Array;
}

/** A class for each position of a sample, as taggers and language models predict them. */
export interface TokenTargets {
  readonly kind: 'tokens';
  readonly classes: readonly string[];
  /** Positions a sample. */
  readonly length: number;
  /** [samples, length], row by row: class numbers, or -1 where nothing is to be predicted (padding). */
  readonly values: Int32Array;
}

/** Objects in images, as COCO annotates them. */
export interface BoxTargets {
  readonly kind: 'boxes';
  /** Names of the categories, by number. */
  readonly classes: readonly string[];
  /** What the annotations call them, by number: COCO's ids, which have gaps. Default: the numbers themselves. */
  readonly ids?: readonly number[];
  /** The objects of each sample. */
  readonly values: readonly (readonly BoxTarget[])[];
}

export interface BoxTarget {
  /** Number of the category. */
  category: number;
  /** [left, top, width, height] in pixels of the stored image. */
  box: readonly [number, number, number, number];
  /** Pixels of the object itself, by which COCO tells small from large. Default: of its box. */
  area?: number;
  /** Whether the box holds many objects, of which none is counted as missed. Default false. */
  isCrowd?: boolean;
}

/** What is to be answered for each sample. Data without targets has none at all. */
export type Targets = ClassTargets | LabelSetTargets | NumberTargets | TokenTargets | BoxTargets;

/** How many numbers of `values` belong to a sample. */
function widthOf(targets: Targets): number {
  switch (targets.kind) {
    case 'labels':
      return targets.classes.length;
    case 'numbers':
      return targets.columns.length;
    case 'tokens':
      return targets.length;
    default:
      return 1;
  }
}

/** How many samples have targets here. */
export function targetCount(targets: Targets): number {
  return targets.values.length / widthOf(targets);
}

/** The targets of some samples, in the order of `indices`. */
export function pickTargets<T extends Targets>(targets: T, indices: Int32Array): T {
  if (targets.kind === 'boxes') return { ...targets, values: Array.from(indices, (index) => targets.values[index]) };
  return { ...targets, values: pickRows(targets.values, widthOf(targets), indices) };
}

function pickRows<A extends Int32Array | Uint8Array | Float32Array>(values: A, width: number, indices: Int32Array): A {
  const picked = new (values.constructor as new (length: number) => A)(indices.length * width);
  indices.forEach((index, i) => {
    picked.set(values.subarray(index * width, (index + 1) * width), i * width);
  });
  return picked;
}

/** The targets as bytes to be hashed: names first, then values. */
export function targetBytes(targets: Targets): Uint8Array[] {
  const text = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  if (targets.kind === 'class') return [text(targets.classes), bytesOf(targets.values)];
  const { values, ...about } = targets;
  return [text(about), ArrayBuffer.isView(values) ? bytesOf(values) : text(values)];
}

/**
 * Groups that samplers and splits keep in proportion: the class of each sample, or for several labels the rarest one that applies. Undefined
 * where samples form no groups.
 */
export function strataOf(targets: Targets | undefined): Int32Array | undefined {
  if (targets?.kind === 'class') return targets.values;
  if (targets?.kind !== 'labels') return undefined;
  const count = targets.classes.length;
  const totals = new Array<number>(count).fill(0);
  for (const [i, on] of targets.values.entries()) totals[i % count] += on;
  return Int32Array.from({ length: targets.values.length / count }, (_, row) => {
    let rarest = count;
    for (let label = 0; label < count; label++)
      if (targets.values[row * count + label] && (rarest === count || totals[label] < totals[rarest])) rarest = label;
    return rarest;
  });
}

/**
 * Checks that there is a target for each of `size` samples, and that each is what its kind says.
 * @throws OptionError naming what is wrong.
 */
export function checkTargets(targets: Targets, size: number, where: string): void {
  const count = targetCount(targets);
  if (count !== size)
    throw new OptionError({ what: 'There must be one label per sample', where, expected: `${size} labels`, got: String(count) });
  if (targets.kind === 'class' || targets.kind === 'tokens') checkNumbers(targets, where);
  if (targets.kind === 'labels' && targets.values.some((value) => value > 1))
    throw new OptionError({ what: 'Several labels a sample are marked by 0 and 1', where });
  if (targets.kind === 'numbers' && !targets.values.every(Number.isFinite))
    throw new DataError({ what: 'A target is no finite number', where, fix: 'Remove the samples without a target, or fill them in' });
}

function checkNumbers({ kind, values, classes }: ClassTargets | TokenTargets, where: string): void {
  const least = kind === 'tokens' ? -1 : 0;
  const wrong = values.find((label) => label < least || label >= classes.length);
  if (wrong === undefined) return;
  if (wrong < least) throw new OptionError({ what: `Labels are class numbers from ${least} on`, where, got: String(wrong) });
  throw new OptionError({ what: 'A label has no class name', where, expected: `labels below ${classes.length}`, got: String(wrong) });
}

/** Targets of the same kind and names that say nothing, for so many samples. */
export function targetsLike(targets: Targets, size: number): Targets {
  const length = size * widthOf(targets);
  switch (targets.kind) {
    case 'boxes':
      return { ...targets, values: Array.from({ length: size }, () => []) };
    case 'labels':
      return { ...targets, values: new Uint8Array(length) };
    case 'numbers':
      return { ...targets, values: new Float32Array(length) };
    case 'class':
      return { ...targets, values: new Int32Array(length) };
    case 'tokens':
      return { ...targets, values: new Int32Array(length).fill(-1) };
  }
}

/** Class targets; the names are by default "0", "1", … up to the largest number. */
export function classTargets(values: Int32Array, classes?: readonly string[]): ClassTargets {
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  return { kind: 'class', classes: classes ?? Array.from({ length: largest + 1 }, (_, i) => String(i)), values };
}
