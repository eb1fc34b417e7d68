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

/** Shape of the input image: the data's, or square with the side that `resolution` asks for. */
export function imageSize({ input, resolution }: Pick<ArchitectureRequest, 'input' | 'resolution'>): [number, number, number] {
  const [channels, height, width] = input;
  if (resolution === undefined) return [channels, height, width];
  if (!Number.isInteger(resolution) || resolution < 1)
    throw new OptionError({ what: 'The resolution must be a whole number of pixels', got: String(resolution) });
  return [channels, resolution, resolution];
}
