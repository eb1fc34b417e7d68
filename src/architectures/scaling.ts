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
  seed: number;
}

/** Fills in the defaults. @throws OptionError for sizes that are none. */
export function planOf({ input, classes, numbers, resolution, width = 1, depth = 1, seed = 0 }: ArchitectureRequest): Plan {
  checkInput(input, ['channels', 'height', 'width']);
  const [channels, height, across] = input;
  const size: Plan['size'] = resolution === undefined ? [channels, height, across] : [channels, resolution, resolution];
  if (resolution !== undefined) checkWhole('The resolution in pixels', resolution, 1);
  checkAnswers({ classes, numbers });
  return { size, classes, width, depth, seed };
}
