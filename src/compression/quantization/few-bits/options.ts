import { type Activity, OptionError } from '../../../base/index.js';
import type { Task } from '../../../training/index.js';
import type { Migration } from '../scales/migrate.js';
import type { Bits } from './block-grid.js';
import type { Rounding } from './roundings.js';

export interface BlockOptions extends Activity {
  bits: Bits;
  /** Neighbouring inputs of an output that share a scale and a zero point: a power of two from 16 on. Default 32. */
  blockSize?: number;
  /** Default hqq. */
  rounding?: Rounding;
  /** Names of nodes whose weights stay. */
  exclude?: readonly string[];
  /** Operators that may be quantized. Default: all that can. */
  operators?: readonly string[];
  /** Data for gptq and adaround; no targets are needed. */
  task?: Pick<Task, 'feeds' | 'splits'>;
  /** At most so many samples. Default 128. */
  samples?: number;
  /** Scales that are moved by the model's constants before weights are rounded. Default: none. */
  moves?: readonly Migration[];
  /** Even out channels of wildly different scale first, by what data shows of them. Default true; without data nothing is done. */
  even?: boolean;
  /** Steps in which adaround learns, for each block of the model. Default 1000. */
  steps?: number;
  /** Draws the places that are looked at. Default 0. */
  seed?: number;
  threads?: number;
}

/** @throws OptionError for a block size that no runtime has. */
export function checkBlockSize(blockSize: number): void {
  if (blockSize >= 16 && Number.isInteger(Math.log2(blockSize))) return;
  throw new OptionError({
    what: 'Blocks of so many weights cannot be read',
    where: 'option "blockSize"',
    expected: 'a power of two, from 16 on',
    got: String(blockSize),
  });
}
