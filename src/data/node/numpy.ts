import { basename, join } from 'node:path';
import { DataError, FormatError, Sha256, sizeOf } from '../../base/index.js';
import type { DataSource, Dataset } from '../dataset.js';
import { datasetsFromArrays, describeArray, type PartName, rangeOf } from '../formats/arrays.js';
import { NPY_HEAD_BYTES, parseNpy, parseNpyHeader } from '../formats/npy.js';
import { arraysOf, parseNpz } from '../formats/npz.js';
import { bytesPerElement, type DataTensor } from '../tensor.js';
import { openForReading, readContent, stampOf } from './files.js';
import type { OpenOptions } from './options.js';
import { fileDataset } from './rows.js';
import { readStoredEntries } from './stored-entries.js';

const NOTHING_OPEN = async () => undefined;

/** A .npz archive: every array is an input of its own, or the labels. */
export async function openNpz(path: string, options: OpenOptions): Promise<DataSource> {
  const stored = await readStoredEntries(path, (name) => name.endsWith('.npy'), options.maxUnpacked ?? Number.POSITIVE_INFINITY);
  const arrays = stored ? arraysOf(stored, path) : parseNpz(await readContent(path, options.maxUnpacked), path, options.maxUnpacked);
  return asSource(datasetsFromArrays(arrays, path, options), path, '.npz archive');
}

/** A folder of .npy files is read as the archive that they would make. */
export async function openNpyFolder(folder: string, files: readonly string[], options: OpenOptions): Promise<DataSource> {
  const arrays: Record<string, DataTensor> = {};
  for (const file of files)
    arrays[basename(file, '.npy')] = parseNpy(await readContent(join(folder, file), options.maxUnpacked), join(folder, file));
  return asSource(datasetsFromArrays(arrays, folder, options), folder, '.npy arrays');
}

/** A single .npy file: one input, without labels. Where it is larger than the memory limit it stays on disk. */
export async function openNpy(path: string, options: OpenOptions): Promise<DataSource> {
  const file = await openForReading(path);
  const head = new Uint8Array(NPY_HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const { size: length } = await file.stat().finally(() => file.close());
  const { type, shape, offset, bigEndian } = parseNpyHeader(head.subarray(0, bytesRead), path);
  const { memoryLimit = 2 ** 30 } = options;
  if (sizeOf(shape) * bytesPerElement(type) <= memoryLimit || bigEndian) {
    return asSource(
      datasetsFromArrays({ input: parseNpy(await readContent(path, options.maxUnpacked), path) }, path, options),
      path,
      '.npy array',
    );
  }
  const needed = offset + sizeOf(shape) * bytesPerElement(type);
  if (length < needed)
    throw new FormatError({ what: 'The array is cut off', where: path, expected: `${needed} bytes`, got: String(length) });
  if (shape.length === 0 || shape[0] === 0)
    throw new DataError({ what: 'The array holds no samples', where: path, got: `[${shape.join(', ')}]` });
  const { kind = 'tensor', shape: described } = describeArray({ type, shape, data: new Uint8Array(0) });
  // Hashing gigabytes would take longer than the work itself: the file's length and time stand for its content.
  const fingerprint = new Sha256().update(JSON.stringify([path, await stampOf(path)])).hex();
  const input = { name: 'input', type, shape: described.slice(1), kind, ...rangeOf(type) };
  const { dataset, close } = await fileDataset({ name: path, path, offset, size: shape[0], input, fingerprint });
  return { name: path, format: '.npy array', train: dataset, close };
}

function asSource({ train, ...others }: Partial<Record<PartName, Dataset>>, name: string, format: string): DataSource {
  return { name, format, train: train as Dataset, ...others, close: NOTHING_OPEN };
}
