import { dsCnn } from '../../architectures/index.js';
import type { Modality } from '../modality.js';
import './augment/kinds.js';
import { audioPreprocesses, featureShape, frontEndFor } from './preprocess.js';
import { showSound } from './show.js';

/** Sounds, [samples] of one channel. */
export const audio: Modality = {
  kind: 'audio',
  label: 'sounds',
  usesStatistics: true,
  prepares: frontEndFor,
  preprocesses: audioPreprocesses,
  augmentations: ['time-shift', 'noise', 'gain', 'speed', 'spec-augment', 'mixup'],
  usualAugmentation: () => [{ name: 'time-shift' }, { name: 'spec-augment' }],
  architectures: [dsCnn],
  freshInput: featureShape,
  show: showSound,
};
