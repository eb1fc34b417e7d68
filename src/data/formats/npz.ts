import { unzipSync } from 'fflate';
import { allowed, FormatError, UNPACKED_IN_MEMORY } from '../../base/index.js';
import type { DataTensor } from '../tensor.js';
import { parseNpy } from './npy.js';

/**
 * Reads the arrays of a .npz archive (stored or deflated), by name and in the archive's order.
 * @param maxUnpacked most bytes that it may unpack to (default: see base/limits.ts).
 * @throws FormatError when it is no ZIP archive, is damaged, holds no array or unpacks to too much.
 */
export function parseNpz(
  bytes: Uint8Array,
  where: string,
  maxUnpacked = allowed(UNPACKED_IN_MEMORY, bytes.length),
): Record<string, DataTensor> {
  return arraysOf(unzip(bytes, where, maxUnpacked), where);
}

/** The arrays of an archive's entries. @throws FormatError where there is none. */
export function arraysOf(files: Readonly<Record<string, Uint8Array>>, where: string): Record<string, DataTensor> {
  const arrays = Object.entries(files).map(([name, content]) => [
    name.replace(/\.npy$/, ''),
    parseNpy(content, `${where}, array "${name}"`),
  ]);
  if (arrays.length === 0) throw new FormatError({ what: 'The archive holds no .npy array', where });
  return Object.fromEntries(arrays);
}

function unzip(bytes: Uint8Array, where: string, most: number): Record<string, Uint8Array> {
  let total = 0;
  try {
    return unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!name.endsWith('.npy')) return false;
        // What an entry says it unpacks to is what is set aside for it.
        total += originalSize;
        if (total <= most) return true;
        const fix = 'If it is meant to be so large, allow it with --max-unpacked SIZE (maxUnpacked).';
        throw new FormatError({ what: `It unpacks to more than ${most} bytes`, where, fix });
      },
    });
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(
      { what: `The archive cannot be unpacked (${(cause as Error).message})`, where, expected: 'a .npz file as numpy.savez writes it' },
      { cause },
    );
  }
}
