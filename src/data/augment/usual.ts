import { type AugmentationKind, checkOption, choiceOption, numberOption, switchOption } from './kind.js';
import { mixUp } from './mixup.js';
import { cutOut, flipAlternately, flipHorizontally, padAndCrop } from './spatial.js';

/** Mirrors images left to right. */
const flip: AugmentationKind<{ probability: number; alternate: boolean }> = {
  name: 'flip',
  shorthand: { option: 'probability' },
  options: {
    probability: numberOption(0.5, 'of mirroring an image', { least: 0, most: 1 }),
    // In two epochs the model sees every image both ways, where chance would show it half of them twice (Jordan 2024, arXiv 2404.00498).
    alternate: switchOption(
      false,
      'each image in every other epoch, which ones in the first one being drawn; only with the default probability',
    ),
  },
  make: ({ probability, alternate }) => {
    checkOption('flip', 'alternate', alternate, !alternate || probability === 0.5, 'true only with probability 0.5');
    if (alternate) return (batch, _, epoch) => flipAlternately(batch, epoch);
    return (batch, random) => flipHorizontally(batch, random, probability);
  },
};

/** Shifts images. */
const crop: AugmentationKind<{ pixels: number; padding: 'zero' | 'reflect' }> = {
  name: 'crop',
  shorthand: { option: 'pixels', with: { padding: 'reflect' } },
  options: {
    pixels: numberOption(4, 'largest shift each way', { least: 0, whole: true }),
    padding: choiceOption('zero', 'what comes in at the edges', ['zero', 'reflect']),
  },
  make:
    ({ pixels, padding }) =>
    (batch, random) =>
      padAndCrop(batch, random, pixels, padding),
};

/** Blots out a square of each image. */
const cutOutSquare: AugmentationKind<{ size: number; fill: number }> = {
  name: 'cutout',
  shorthand: { option: 'size' },
  options: {
    size: numberOption(8, 'side of the square in pixels', { least: 1, whole: true }),
    fill: numberOption(0, 'the stored value that fills it'),
  },
  make:
    ({ size, fill }) =>
    (batch, random) =>
      cutOut(batch, random, size, fill),
};

/** Mixes samples of any kind with others. */
const mixUpSamples: AugmentationKind<{ alpha: number }> = {
  name: 'mixup',
  shorthand: { option: 'alpha' },
  options: {
    alpha: numberOption(0.2, 'of the Beta distribution that the weight is drawn from; larger mixes more', { least: 0, above: true }),
  },
  make:
    ({ alpha }) =>
    (batch, random) =>
      mixUp(batch, random, alpha),
};

/** Those that come with data; modalities add theirs. */
export const usualAugmentations: readonly AugmentationKind[] = [flip, crop, cutOutSquare, mixUpSamples];
