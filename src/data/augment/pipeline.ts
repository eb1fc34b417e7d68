import { OptionError } from '../../base/index.js';
import type { Transform } from '../batches.js';
import { mixUp } from './mixup.js';
import { cutOut, flipAlternately, flipHorizontally, padAndCrop } from './spatial.js';

export { softTargets } from './mixup.js';

/** One augmentation with its options, as plain JSON. They work on raw samples, before `applyPreprocess`. */
export type Augmentation =
  | {
      name: 'flip';
      /** Of mirroring an image left to right. Default: 0.5. */
      probability?: number;
      /**
       * Mirror each image in every other epoch, which ones in the first one being drawn: in two epochs the model sees every image both ways, where
       * chance would show it half of them twice (Jordan 2024, arXiv 2404.00498). Only with the default probability. Default: false.
       */
      alternate?: boolean;
    }
  | {
      name: 'crop';
      /** Largest shift each way. Default: 4. */
      pixels?: number;
      /** What comes in at the edges. Default: "zero". */
      padding?: 'zero' | 'reflect';
    }
  | {
      name: 'cutout';
      /** Side of the square. Default: 8 pixels. */
      size?: number;
      /** The stored value that fills it. Default: 0. */
      fill?: number;
    }
  | {
      name: 'mixup';
      /** Of the Beta distribution that the weight is drawn from; larger mixes more. Default: 0.2. */
      alpha?: number;
    };

/**
 * One transform of several augmentations, applied in order. The same steps, seed and batches give the same bytes.
 * @throws OptionError for an unknown augmentation or an impossible option.
 */
export function pipeline(steps: readonly Augmentation[]): Transform {
  const transforms = steps.map(transformOf);
  if (steps.filter((step) => step.name === 'mixup').length > 1) {
    throw new OptionError({ what: 'A pipeline can mix only once', where: 'augmentation "mixup"', fix: 'Remove all but one' });
  }
  return (batch, random, epoch) => transforms.reduce((changed, transform, i) => transform(changed, random.fork(i), epoch), batch);
}

function transformOf(step: Augmentation): Transform {
  switch (step.name) {
    case 'flip': {
      const { probability = 0.5, alternate = false } = step;
      check(step.name, 'probability', probability, probability >= 0 && probability <= 1, 'a number in [0, 1]');
      check(
        step.name,
        'alternate',
        alternate,
        typeof alternate === 'boolean' && (!alternate || probability === 0.5),
        'true only with probability 0.5',
      );
      if (alternate) return (batch, _, epoch) => flipAlternately(batch, epoch);
      return (batch, random) => flipHorizontally(batch, random, probability);
    }
    case 'crop': {
      const { pixels = 4, padding = 'zero' } = step;
      check(step.name, 'pixels', pixels, Number.isInteger(pixels) && pixels >= 0, 'a whole number, at least 0');
      check(step.name, 'padding', padding, padding === 'zero' || padding === 'reflect', '"zero" or "reflect"');
      return (batch, random) => padAndCrop(batch, random, pixels, padding);
    }
    case 'cutout': {
      const { size = 8, fill = 0 } = step;
      check(step.name, 'size', size, Number.isInteger(size) && size >= 1, 'a whole number, at least 1');
      check(step.name, 'fill', fill, Number.isFinite(fill), 'a finite number');
      return (batch, random) => cutOut(batch, random, size, fill);
    }
    case 'mixup': {
      const { alpha = 0.2 } = step;
      check(step.name, 'alpha', alpha, Number.isFinite(alpha) && alpha > 0, 'a number above 0');
      return (batch, random) => mixUp(batch, random, alpha);
    }
    default:
      throw new OptionError({
        what: 'No such augmentation',
        expected: '"flip", "crop", "cutout" or "mixup"',
        got: JSON.stringify((step as { name: unknown }).name),
      });
  }
}

function check(step: string, option: string, value: unknown, good: boolean, expected: string): void {
  if (good) return;
  throw new OptionError({
    what: 'Not a usable value',
    where: `augmentation "${step}", option "${option}"`,
    expected,
    got: JSON.stringify(value),
  });
}
