import { OptionError } from '../../../base/index.js';
import { idx, npy, npz } from './arrays.js';
import { images } from './images.js';
import type { Reader } from './reader.js';
import { tables } from './tables.js';
import { texts } from './texts.js';

export type { Entry, Reader } from './reader.js';
export { topFiles } from './reader.js';

/** Every form of data that is read. */
const READERS: Reader[] = [images, idx, tables, npy, npz, texts];

/** Adds a form of data to those that `openDataset` knows. @throws OptionError where there is one of this name. */
export function addReader(reader: Reader): void {
  if (READERS.some(({ form }) => form === reader.form))
    throw new OptionError({ what: 'There is a reader of this form already', got: reader.form });
  READERS.push(reader);
}

/** All forms of data that are read. */
export function readers(): readonly Reader[] {
  return READERS;
}
