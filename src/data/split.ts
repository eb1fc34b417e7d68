import { DataError, OptionError, Random } from '../base/index.js';
import type { DataSource, Dataset } from './dataset.js';
import { representatives, subset } from './subset.js';
import { strataOf } from './targets.js';

/**
 * How much of the data a part takes: a fraction in (0, 1), a whole number of samples, 0 for none, or a fraction with a ceiling.
 */
export type Share = number | { fraction: number; atMost: number };

export interface SplitOptions {
  /** Draws the parts. The same seed and data give the same parts. Default: 0. */
  seed?: number | string;
  /** Of the whole source; ignored where the source sets its own test part apart. Default: 20%, at most 10,000 samples. */
  test?: Share;
  /** Of what is not test; ignored where the source sets its own validation part apart. Default: 15%, at most 5,000 samples. */
  validation?: Share;
  /** Of what is not test, and not learned from. Default: 5%, at most 500 samples, with samples of the training part beside them where those are fewer than 128. */
  calibration?: Share;
}

/**
 * Models learn from `train`; quantizers observe `calibration`; every choice is made on `validation`; `test` is measured once, at the end. The parts are
 * disjoint, but for samples of `train` that a small `calibration` has as well: ranges of values need more samples than a twentieth of a small data set.
 */
export interface Splits {
  train: Dataset;
  calibration: Dataset;
  validation: Dataset;
  test: Dataset;
}

export const DEFAULT_SHARES = {
  test: { fraction: 0.2, atMost: 10_000 },
  validation: { fraction: 0.15, atMost: 5_000 },
  calibration: { fraction: 0.05, atMost: 500 },
} as const;

/** Samples to observe, at least, where the source has as many. */
const FEWEST_OBSERVED = 128;

/**
 * Splits a source into train, calibration, validation and test. Labelled data is stratified: in every drawn part each class has its share
 * to within one sample (largest remainders), and at least one sample of each class is left for training. A part that the source sets apart
 * itself is kept as it is.
 * @throws DataError when there are labels of one class only, or too few samples to give every wanted part one.
 */
export function splitSource(source: DataSource, options: SplitOptions = {}): Splits {
  const { test = DEFAULT_SHARES.test, validation = DEFAULT_SHARES.validation, calibration = DEFAULT_SHARES.calibration } = options;
  checkClasses(source.train);
  const random = new Random(options.seed ?? 0).fork('split');
  const pool = new Pool(source.train, random);
  const drawnTest = source.test ? undefined : pool.draw('test', count('test', test, source.train.size));
  const rest = pool.size;
  const drawnValidation = source.validation ? undefined : pool.draw('validation', count('validation', validation, rest));
  const drawnCalibration = pool.draw('calibration', count('calibration', calibration, rest));
  const part = (name: string, indices: Int32Array) => subset(source.train, indices, `${source.name} (${name})`);
  const splits = {
    train: part('train', pool.rest()),
    calibration: part('calibration', drawnCalibration),
    validation: source.validation ?? part('validation', drawnValidation as Int32Array),
    test: source.test ?? part('test', drawnTest as Int32Array),
  };
  checkDisjoint({ ...splits });
  return options.calibration === undefined ? { ...splits, calibration: observed(splits) } : splits;
}

/** The calibration part with as many samples of the training part as it lacks. */
function observed({ train, calibration }: Pick<Splits, 'train' | 'calibration'>): Dataset {
  const missing = FEWEST_OBSERVED - calibration.size;
  if (missing <= 0 || !train.view || !calibration.view) return calibration;
  const more = representatives(train, missing).view?.indices ?? [];
  return subset(train.view.of, Int32Array.from([...calibration.view.indices, ...more]).sort(), calibration.name);
}

/** @throws DataError when the data is labelled and all its labels are the same. */
export function checkClasses(dataset: Dataset): void {
  const { targets, name } = dataset;
  if (targets?.kind !== 'class') return;
  const { classes, values } = targets;
  if (!values.every((label) => label === values[0])) return;
  throw new DataError({
    what: 'All samples have the same label',
    where: name,
    expected: 'at least two classes',
    got: `${dataset.size} of "${classes[values[0]]}"`,
    fix: 'Add samples of another class, or read the data without labels',
  });
}

/** @throws DataError when two parts that view the same data set share a sample. */
export function checkDisjoint(parts: Readonly<Record<string, Dataset>>): void {
  const owners = new Map<Dataset, Map<number, string>>();
  for (const [part, dataset] of Object.entries(parts)) {
    const bottom = dataset.view?.of ?? dataset;
    const taken = owners.get(bottom) ?? new Map<number, string>();
    owners.set(bottom, taken);
    const indices = dataset.view?.indices ?? Int32Array.from({ length: dataset.size }, (_, i) => i);
    for (const index of indices) {
      const owner = taken.get(index);
      if (owner !== undefined && owner !== part) {
        throw new DataError({ what: `Sample ${index} is both in "${owner}" and in "${part}"`, where: dataset.name });
      }
      taken.set(index, part);
    }
  }
}

/** The samples not yet given away, class by class, each class in random order. Unlabelled data is one class. */
class Pool {
  readonly #dataset: Dataset;
  readonly #classes: number[][];

  constructor(dataset: Dataset, random: Random) {
    this.#dataset = dataset;
    const strata = strataOf(dataset.targets);
    const count = (strata?.reduce((most, stratum) => Math.max(most, stratum), 0) ?? 0) + 1;
    const classes: number[][] = Array.from({ length: count }, () => []);
    for (const index of random.permutation(dataset.size)) classes[strata?.[index] ?? 0].push(index);
    this.#classes = classes;
  }

  get size(): number {
    return this.#classes.reduce((sum, members) => sum + members.length, 0);
  }

  /** Takes `total` samples, from each class in proportion to its size; one sample of each class stays. */
  draw(part: string, total: number): Int32Array {
    const counts = this.#classes.map((members) => members.length);
    const spare = counts.map((count) => Math.max(0, count - 1));
    const spareTotal = spare.reduce((sum, count) => sum + count, 0);
    if (total > spareTotal) {
      throw new DataError({
        what: `Too few samples for the ${part} part`,
        where: this.#dataset.name,
        expected: `${total} to take and at least one of each class left to train on`,
        got: `${this.size} samples in ${counts.filter((count) => count > 0).length} class(es)`,
        fix: 'Add samples, or ask for smaller parts',
      });
    }
    const shares = apportion(counts, spare, total);
    const taken = this.#classes.map((members, i) => members.splice(0, shares[i]));
    return Int32Array.from(taken.flat()).sort();
  }

  /** Everything that is left, in the data set's order. */
  rest(): Int32Array {
    return Int32Array.from(this.#classes.flat()).sort();
  }
}

/**
 * Shares `total` among classes in proportion to `counts`, by largest remainders (Hamilton): each gets its quota rounded up or down, ties
 * going to the lower number. No class gives more than its `limits`; what it cannot give is asked of the others.
 */
export function apportion(counts: readonly number[], limits: readonly number[], total: number): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const quotas = counts.map((count) => (all === 0 ? 0 : (count * total) / all));
  const given = quotas.map((quota, i) => Math.min(limits[i], Math.floor(quota)));
  let missing = total - given.reduce((sum, count) => sum + count, 0);
  const byRemainder = counts
    .map((_, i) => i)
    .sort((a, b) => quotas[b] - Math.floor(quotas[b]) - (quotas[a] - Math.floor(quotas[a])) || a - b);
  while (missing > 0) {
    const before = missing;
    for (const i of byRemainder) {
      if (missing > 0 && given[i] < limits[i]) {
        given[i]++;
        missing--;
      }
    }
    if (missing === before)
      throw new OptionError({ what: 'The classes have too few samples', expected: `${total}`, got: `${total - missing}` });
  }
  return given;
}

/** The number of samples that a share means, of `available` ones. A fraction gives at least one. */
function count(part: string, wanted: Share, available: number): number {
  if (typeof wanted === 'number' && Number.isInteger(wanted) && wanted >= 0) return wanted;
  const { fraction, atMost } = typeof wanted === 'number' ? { fraction: wanted, atMost: Number.POSITIVE_INFINITY } : wanted;
  if (!(fraction > 0 && fraction < 1) || !(atMost >= 1)) {
    throw new OptionError({
      what: 'This is no share of the data',
      where: `option "${part}"`,
      expected: 'a fraction between 0 and 1, a whole number of samples, or { fraction, atMost }',
      got: JSON.stringify(wanted),
    });
  }
  return Math.min(Math.floor(atMost), Math.max(1, Math.round(available * fraction)));
}
