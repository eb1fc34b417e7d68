import { unzipSync } from 'fflate';
import { FormatError } from '../../base/index.js';
import type { DataTensor } from '../tensor.js';
import { parseNpy } from './npy.js';

/** The largest array that is unpacked from an archive, in bytes: what one JavaScript array may safely hold. */
const LARGEST = 2 ** 32;

/**
 * Reads the arrays of a .npz archive (stored or deflated), by name and in the archive's order.
 * @throws FormatError when it is no ZIP archive, is damaged, or holds no array.
 */
export function parseNpz(bytes: Uint8Array, where: string): Record<string, DataTensor> {
  const files = unzip(bytes, where);
  const arrays = Object.entries(files).map(([name, content]) => [
    name.replace(/\.npy$/, ''),
    parseNpy(content, `${where}, array "${name}"`),
  ]);
  if (arrays.length === 0) throw new FormatError({ what: 'The archive holds no .npy array', where });
  return Object.fromEntries(arrays);
}

function unzip(bytes: Uint8Array, where: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (originalSize > LARGEST) throw new Error(`"${name}" would unpack to ${originalSize} bytes`);
        return name.endsWith('.npy');
      },
    });
  } catch (cause) {
    throw new FormatError(
      { what: `The archive cannot be unpacked (${(cause as Error).message})`, where, expected: 'a .npz file as numpy.savez writes it' },
      { cause },
    );
  }
}
