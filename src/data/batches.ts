import { OptionError, Random } from '../base/index.js';
import type { Batch, Dataset } from './dataset.js';
import { checkSignal } from './memory.js';

/**
 * Changes a batch of raw samples on its way to the model, e.g. augments it. May work in place; random numbers come from `random` only, which is
 * another stream for each batch of each epoch. `epoch` counts from 0.
 */
export type Transform = (batch: Batch, random: Random, epoch: number) => Batch;

export interface BatchOptions {
  /** Samples a batch, at least 1. */
  batchSize: number;
  /** A new order each epoch. Default: false, the data set's order. */
  shuffle?: boolean;
  /** Draws the order and what transforms draw. Default: 0. */
  seed?: number | string;
  /** The order depends on the seed and on this number alone, so that training can go on at any epoch. Default: 0. */
  epoch?: number;
  /** Leaves out a last batch that is not full. Default: false. */
  dropLast?: boolean;
  /** Batches to leave out at the start, to go on within an epoch. Default: 0. */
  skip?: number;
  /** How many batches are read ahead while one is in use. 0 reads only when asked. Default: 2. */
  prefetch?: number;
  /** Applied in order to each batch, with a random stream of its own: neither prefetching nor skipping changes the result. */
  transforms?: readonly Transform[];
  signal?: AbortSignal;
}

/** How many batches an epoch has. */
export function batchCount(size: number, { batchSize, dropLast = false }: Pick<BatchOptions, 'batchSize' | 'dropLast'>): number {
  return dropLast ? Math.floor(size / batchSize) : Math.ceil(size / batchSize);
}

/** The order of an epoch. */
export function epochOrder(
  size: number,
  { shuffle = false, seed = 0, epoch = 0 }: Pick<BatchOptions, 'shuffle' | 'seed' | 'epoch'>,
): Int32Array {
  return shuffle ? new Random(seed).fork(`order of epoch ${epoch}`).permutation(size) : Int32Array.from({ length: size }, (_, i) => i);
}

/**
 * One epoch's batches. The next ones are read while the current one is in use, at most `prefetch` of them.
 * @throws OptionError on impossible options, Stopped when the signal is aborted; whatever reading throws comes at the batch it belongs to.
 */
export async function* batches(dataset: Dataset, options: BatchOptions): AsyncGenerator<Batch, void, undefined> {
  const { batchSize, skip = 0, prefetch = 2, transforms = [], epoch = 0, signal } = options;
  checkOptions(options);
  const order = epochOrder(dataset.size, options);
  const random = new Random(options.seed ?? 0).fork(`transforms of epoch ${epoch}`);
  const count = batchCount(dataset.size, options);
  const read = async (number: number): Promise<Batch> => {
    checkSignal(signal);
    const batch = await dataset.read(order.slice(number * batchSize, (number + 1) * batchSize), signal);
    const stream = random.fork(number);
    return transforms.reduce((changed, transform) => transform(changed, stream, epoch), batch);
  };
  const ahead: Promise<Batch>[] = [];
  let next = skip;
  const fill = (length: number) => {
    while (next < count && ahead.length < length) {
      const batch = read(next++);
      // A failure waits until its batch is asked for; without a handler Node would end the process first.
      batch.catch(() => undefined);
      ahead.push(batch);
    }
  };
  for (;;) {
    fill(1);
    const current = ahead.shift();
    if (!current) return;
    const batch = await current;
    fill(prefetch);
    checkSignal(signal);
    yield batch;
  }
}

function checkOptions({ batchSize, skip = 0, prefetch = 2, epoch = 0 }: BatchOptions): void {
  const wrong = (name: string, value: number, least: number) => {
    if (Number.isInteger(value) && value >= least) return;
    throw new OptionError({
      what: 'Not a usable number',
      where: `option "${name}"`,
      expected: `a whole number, at least ${least}`,
      got: String(value),
    });
  };
  wrong('batchSize', batchSize, 1);
  wrong('skip', skip, 0);
  wrong('prefetch', prefetch, 0);
  wrong('epoch', epoch, 0);
}
