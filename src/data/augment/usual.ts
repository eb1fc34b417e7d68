import { type Augmentation, type AugmentationKind, checkOption } from './kind.js';
import { mixUp } from './mixup.js';
import { cutOut, flipAlternately, flipHorizontally, padAndCrop } from './spatial.js';

/** Mirrors images left to right. */
interface Flip extends Augmentation {
  /** Of mirroring an image. Default: 0.5. */
  probability?: number;
  /**
   * Mirror each image in every other epoch, which ones in the first one being drawn: in two epochs the model sees every image both ways, where
   * chance would show it half of them twice (Jordan 2024, arXiv 2404.00498). Only with the default probability. Default: false.
   */
  alternate?: boolean;
}

const flip: AugmentationKind = {
  name: 'flip',
  shorthand: { option: 'probability' },
  make: ({ name, probability = 0.5, alternate = false }: Flip) => {
    checkOption(name, 'probability', probability, probability >= 0 && probability <= 1, 'a number in [0, 1]');
    const fits = typeof alternate === 'boolean' && (!alternate || probability === 0.5);
    checkOption(name, 'alternate', alternate, fits, 'true only with probability 0.5');
    if (alternate) return (batch, _, epoch) => flipAlternately(batch, epoch);
    return (batch, random) => flipHorizontally(batch, random, probability);
  },
};

/** Shifts images. */
interface Crop extends Augmentation {
  /** Largest shift each way. Default: 4. */
  pixels?: number;
  /** What comes in at the edges. Default: "zero". */
  padding?: 'zero' | 'reflect';
}

const crop: AugmentationKind = {
  name: 'crop',
  shorthand: { option: 'pixels', with: { padding: 'reflect' } },
  make: ({ name, pixels = 4, padding = 'zero' }: Crop) => {
    checkOption(name, 'pixels', pixels, Number.isInteger(pixels) && pixels >= 0, 'a whole number, at least 0');
    checkOption(name, 'padding', padding, padding === 'zero' || padding === 'reflect', '"zero" or "reflect"');
    return (batch, random) => padAndCrop(batch, random, pixels, padding);
  },
};

/** Blots out a square of each image. */
interface CutOut extends Augmentation {
  /** Side of the square. Default: 8 pixels. */
  size?: number;
  /** The stored value that fills it. Default: 0. */
  fill?: number;
}

const cutOutSquare: AugmentationKind = {
  name: 'cutout',
  shorthand: { option: 'size' },
  make: ({ name, size = 8, fill = 0 }: CutOut) => {
    checkOption(name, 'size', size, Number.isInteger(size) && size >= 1, 'a whole number, at least 1');
    checkOption(name, 'fill', fill, Number.isFinite(fill), 'a finite number');
    return (batch, random) => cutOut(batch, random, size, fill);
  },
};

/** Mixes samples of any kind with others. */
interface MixUp extends Augmentation {
  /** Of the Beta distribution that the weight is drawn from; larger mixes more. Default: 0.2. */
  alpha?: number;
}

const mixUpSamples: AugmentationKind = {
  name: 'mixup',
  shorthand: { option: 'alpha' },
  make: ({ name, alpha = 0.2 }: MixUp) => {
    checkOption(name, 'alpha', alpha, Number.isFinite(alpha) && alpha > 0, 'a number above 0');
    return (batch, random) => mixUp(batch, random, alpha);
  },
};

/** Those that come with data; modalities add theirs. */
export const usualAugmentations: readonly AugmentationKind[] = [flip, crop, cutOutSquare, mixUpSamples];
