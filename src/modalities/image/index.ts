import { architecturesFor } from '../../architectures/index.js';
import type { Augmentation, InputSpec } from '../../data/index.js';
import type { Modality } from '../modality.js';
import { imagePreprocesses } from './preprocess.js';
import { imageSample } from './sample.js';
import { showImage } from './show.js';

/** A shift of up to a sixteenth of the shorter side, at least a pixel, mirrored at the edges. @param shape of a stored image, [height, width, channels]. */
function smallShift({ shape: [height, width] }: Pick<InputSpec, 'shape'>): Augmentation {
  return { name: 'crop', pixels: Math.max(1, Math.round(Math.min(height, width) / 16)), padding: 'reflect' };
}

/** Pictures, [height, width, channels], gray or RGB. */
export const image: Modality = {
  kind: 'image',
  label: 'images',
  usesStatistics: true,
  preprocesses: imagePreprocesses,
  augmentations: ['flip', 'crop', 'cutout', 'mixup'],
  // To mirror the whole image suits photos, not digits or signs, so that it is nobody's default.
  usualAugmentation: (sample) => [smallShift(sample)],
  architectures: architecturesFor('image'),
  fresh: ({ shape: [height, width, channels] }) => ({ input: [channels, height, width] }),
  searched: (sample) => {
    const crop = [smallShift(sample)];
    // Photos may be mirrored, digits may not; colour is what tells them apart best without looking.
    const isPhoto = sample.shape[2] === 3;
    return {
      augmentations: { none: [], crop, 'flip-crop': [{ name: 'flip' }, ...crop] },
      usual: isPhoto ? 'flip-crop' : 'crop',
      mirrors: isPhoto,
    };
  },
  sample: imageSample,
  takes: 'an ImageData, or { data, width, height } with 1, 3 or 4 bytes a pixel',
  show: showImage,
};
