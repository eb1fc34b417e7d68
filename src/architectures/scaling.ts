import { OptionError } from '../base/index.js';
import type { ArchitectureRequest } from './architecture.js';

/** `base` channels times `width`, rounded to a whole number of at least `least`. */
export function scaled(base: number, width: number, least = 4): number {
  if (!(width > 0) || !Number.isFinite(width)) throw new OptionError({ what: 'The width must be a positive number', got: String(width) });
  return Math.max(least, Math.round(base * width));
}

/** `base` blocks times `depth`, rounded up. */
export function repeated(base: number, depth: number): number {
  if (!(depth > 0) || !Number.isFinite(depth)) throw new OptionError({ what: 'The depth must be a positive number', got: String(depth) });
  return Math.max(1, Math.ceil(base * depth - 1e-9));
}

/** @throws OptionError for what is no whole number of at least `least`. */
export function checkWhole(what: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new OptionError({ what: `${what} must be a whole number, at least ${least}`, got: String(value) });
}

/** @throws OptionError where a family does not take samples of this shape. @param axes what they are, e.g. ['columns']. */
export function checkInput(input: readonly number[], axes: readonly string[]): void {
  if (input.length !== axes.length)
    throw new OptionError({
      what: 'The architecture takes other samples',
      expected: `[${axes.join(', ')}]`,
      got: `[${input.join(', ')}]`,
    });
  for (const dim of input) checkWhole(`Each dimension of the input [${axes.join(', ')}]`, dim, 1);
}

/** @throws OptionError where there are too few scores or numbers to give. */
export function checkAnswers({ classes, numbers = false }: Pick<ArchitectureRequest, 'classes' | 'numbers'>): void {
  checkWhole(numbers ? 'The number of columns' : 'The number of classes', classes, numbers ? 1 : 2);
}

/** A request with its defaults. */
export interface Plan {
  /** Shape of the input image, channels first: the data's, or square with the side that `resolution` asks for. */
  size: [channels: number, height: number, width: number];
  classes: number;
  width: number;
  depth: number;
  kernel: number;
  /** Pixels of a side that are averaged to one. */
  binning: number;
  block?: string;
  seed: number | null;
}

/** Fills in the defaults. @param blocks kinds of block that there are. @throws OptionError for sizes that are none, and a kind of block that there is not. */
export function planOf(request: ArchitectureRequest, blocks: readonly string[] = []): Plan {
  const { input, classes, numbers, resolution, width = 1, depth = 1, kernel = 3, binning = 1, block = blocks[0], seed = 0 } = request;
  checkInput(input, ['channels', 'height', 'width']);
  const [channels, height, across] = input;
  const size: Plan['size'] = resolution === undefined ? [channels, height, across] : [channels, resolution, resolution];
  if (resolution !== undefined) checkWhole('The resolution in pixels', resolution, 1);
  checkAnswers({ classes, numbers });
  checkWhole('The binning in pixels', binning, 1);
  if (!(Number.isInteger(kernel) && kernel > 0 && kernel % 2 === 1))
    throw new OptionError({ what: 'The kernel must have an odd side', got: String(kernel) });
  if (block !== undefined && !blocks.includes(block))
    throw new OptionError({
      what: `There is no block "${block}" in this architecture`,
      expected: blocks.join(', ') || 'none: it has one kind',
      got: block,
    });
  return { size, classes, width, depth, kernel, binning, block, seed };
}
