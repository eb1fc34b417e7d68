import { architecturesFor } from '../../architectures/index.js';
import { type Augmentation, addAugmentation, addPreparation } from '../../data/index.js';
import type { Modality } from '../modality.js';
import { soundAugmentations } from './augment/kinds.js';
import { soundPreparations } from './features/preparations.js';
import { audioPreprocesses, featureShape, frontEndFor } from './preprocess.js';
import { soundSample } from './sample.js';
import { showSound } from './show.js';

// Here rather than where they are written: bundlers leave out modules that are only loaded for what they do.
for (const kind of soundAugmentations) addAugmentation(kind);
for (const preparation of soundPreparations) addPreparation(preparation);

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
  sample: soundSample,
  takes: '{ samples, sampleRate } with a Float32Array, or the bytes of a WAVE or FLAC file',
  show: showSound,
};
