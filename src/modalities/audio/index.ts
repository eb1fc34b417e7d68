import { architecturesFor } from '../../architectures/index.js';
import type { Augmentation } from '../../data/index.js';
import type { Modality } from '../modality.js';
import './augment/kinds.js';
import { audioPreprocesses, featureShape, frontEndFor } from './preprocess.js';
import { showSound } from './show.js';

/** Words mean the same a little later, and when a band of times or frequencies is missing. */
const USUAL: Augmentation[] = [
  { name: 'time-shift', share: 0.05 },
  { name: 'spec-augment', share: 0.1 },
];
/** Other voices and rooms as well. */
const STRONG: Augmentation[] = [{ name: 'speed', share: 0.12 }, { name: 'noise' }, ...USUAL];

/** Sounds, [samples] of one channel. */
export const audio: Modality = {
  kind: 'audio',
  label: 'sounds',
  usesStatistics: true,
  prepares: frontEndFor,
  preprocesses: audioPreprocesses,
  augmentations: ['time-shift', 'noise', 'gain', 'speed', 'spec-augment', 'mixup'],
  usualAugmentation: () => USUAL,
  architectures: architecturesFor('audio'),
  fresh: (sample) => ({ input: featureShape(sample) }),
  searched: () => ({ augmentations: { none: [], usual: USUAL, strong: STRONG }, usual: 'usual', mirrors: false }),
  show: showSound,
};
