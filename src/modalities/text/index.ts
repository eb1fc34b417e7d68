import { architecturesFor } from '../../architectures/index.js';
import { addAugmentation } from '../../data/index.js';
import type { Modality } from '../modality.js';
import { textAugmentations } from './augment.js';
import { textsOfBatch } from './preparations.js';
import { freshText, textPreprocesses } from './preprocess.js';
import { textSample } from './sample.js';

// Here rather than where they are written: bundlers leave out modules that are only loaded for what they do.
for (const kind of textAugmentations) addAugmentation(kind);

/** Characters that a line shows. */
const MOST = 200;

/** Texts: UTF-8 bytes of any number. */
export const text: Modality = {
  kind: 'text',
  label: 'texts',
  feedsMany: true,
  usesStatistics: false,
  preprocesses: textPreprocesses,
  augmentations: ['drop-words'],
  usualAugmentation: () => [],
  architectures: architecturesFor('text'),
  fresh: (sample, family) => {
    const preprocess = freshText(sample, family);
    const { length, vocabulary } = preprocess.prepare as unknown as { length: number; vocabulary: number };
    return { input: [length], vocabulary, preprocess };
  },
  searched: () => ({ augmentations: { none: [], 'drop-words': [{ name: 'drop-words', share: 0.2 }] }, usual: 'none', mirrors: false }),
  sample: textSample,
  takes: 'a text (a string)',
  show: (sample) => {
    const [whole] = textsOfBatch(sample);
    return { text: whole.length <= MOST ? whole : `${whole.slice(0, MOST)}…` };
  },
};
