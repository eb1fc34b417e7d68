import { basename } from 'node:path';
import { isIdx, openIdx } from '../idx.js';
import { openNpy, openNpyFolder, openNpz } from '../numpy.js';
import type { TreeFile } from '../tree.js';
import { severalFiles } from './parts.js';
import { type Entry, type Reader, topFiles } from './reader.js';

/** Files that are read by their place on the disk: archives have none. */
function onDisk(entry: Entry, pattern: RegExp): TreeFile[] {
  return topFiles(entry, pattern).filter(({ at }) => at !== undefined);
}

/** MNIST's files and those made after them. */
export const idx: Reader = {
  form: 'IDX files',
  reads: "MNIST's IDX files",
  recognizes: ({ files }) => files.filter(({ path, at }) => at !== undefined && isIdx(path)),
  open: ({ path }, files, options) => {
    const names = files.map((file) => file.path);
    return openIdx(path, names, options);
  },
};

/** Arrays that numpy saved, each in a file. */
export const npy: Reader = {
  form: '.npy arrays',
  reads: '.npy',
  recognizes: (entry) => onDisk(entry, /\.npy$/i),
  open: ({ path }, files, options) => {
    const [first, ...more] = files.map(({ at }) => at as string);
    return more.length === 0
      ? openNpy(first, options)
      : openNpyFolder(
          path,
          [first, ...more].map((file) => basename(file)),
          options,
        );
  },
};

/** Archives of arrays that numpy saved. */
export const npz: Reader = {
  form: '.npz archives',
  reads: '.npz',
  recognizes: (entry) => onDisk(entry, /\.npz$/i),
  open: async ({ path }, files, options) => {
    if (files.length > 1) throw severalFiles(path, files, 'one .npz archive');
    return openNpz(files[0].at as string, options);
  },
};
