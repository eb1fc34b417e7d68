import type { Reader } from '../../../data/node/index.js';
import { isSound } from '../formats/index.js';
import { openSounds, rememberSounds } from './open.js';

/** Sounds in class folders, in one folder, or with a table of metadata beside them. */
export const sounds: Reader = {
  form: 'sounds',
  reads: 'sounds (.wav, .flac) in class folders, in one folder, or with metadata.csv or .jsonl beside them',
  recognizes: ({ files }) => files.filter(({ path }) => isSound(path)),
  remember: ({ path, tree }, options, activity) => rememberSounds(tree, path, options, activity),
  open: ({ path, tree }, files, options, activity) => openSounds(tree, files, path, options, activity),
};
