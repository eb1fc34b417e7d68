import { type AugmentationKind, numberOption } from '../../../data/index.js';
import { maskFeatures } from './masks.js';
import { atSpeed, changeSounds, loudness } from './sounds.js';

/** Moves sounds in time; zeros come in. */
const timeShift: AugmentationKind<{ share: number }> = {
  name: 'time-shift',
  shorthand: { option: 'share' },
  options: { share: numberOption(0.1, 'furthest move each way, as a share of the length; zeros come in', { least: 0, most: 1 }) },
  make: ({ share }) =>
    changeSounds('time-shift', (random) => {
      const place = random.uniform(-share, share);
      return (from, to) => {
        const move = Math.round(place * from.length);
        if (move >= 0) to.set(from.subarray(0, from.length - move), move);
        else to.set(from.subarray(-move));
      };
    }),
};

/** Adds white noise to sounds. */
const noise: AugmentationKind<{ decibels: number; spread: number; probability: number }> = {
  name: 'noise',
  shorthand: { option: 'decibels' },
  options: {
    decibels: numberOption(10, 'how far the loudest noise stays below the sound'),
    spread: numberOption(30, 'how much further below it may be, in decibels; drawn evenly', { least: 0 }),
    // Models must know sounds that are silent before and after, too.
    probability: numberOption(0.5, 'of adding any', { least: 0, most: 1 }),
  },
  make: ({ decibels, spread, probability }) =>
    changeSounds('noise', (random) => {
      if (random.uniform() >= probability) return (from, to) => to.set(from);
      const below = decibels + random.uniform() * spread;
      const own = random.fork(random.uint32());
      return (from, to) => {
        // The sum of three even numbers in [-1, 1) has a variance of 1 and is quicker to draw than a normal one.
        const level = loudness(from) * 10 ** (-below / 20);
        for (let i = 0; i < to.length; i++) to[i] = from[i] + level * (2 * (own.uniform() + own.uniform() + own.uniform()) - 3);
      };
    }),
};

/** Makes sounds louder or softer. */
const gain: AugmentationKind<{ decibels: number }> = {
  name: 'gain',
  shorthand: { option: 'decibels' },
  options: { decibels: numberOption(6, 'furthest change each way; drawn evenly', { least: 0 }) },
  make: ({ decibels }) =>
    changeSounds('gain', (random) => {
      const factor = 10 ** (random.uniform(-decibels, decibels) / 20);
      return (from, to) => {
        for (let i = 0; i < to.length; i++) to[i] = factor * from[i];
      };
    }),
};

/** Plays sounds faster and higher, or slower and lower (Ko et al. 2015, "Audio augmentation for speech recognition"). */
const speed: AugmentationKind<{ share: number }> = {
  name: 'speed',
  shorthand: { option: 'share' },
  options: { share: numberOption(0.1, 'largest change of the speed each way', { least: 0, most: 1, below: true }) },
  make: ({ share }) =>
    changeSounds('speed', (random) => {
      const factor = 1 + random.uniform(-share, share);
      return (from, to) => atSpeed(from, to, factor);
    }),
};

/** SpecAugment (Park et al. 2019, arXiv 1904.08779) without warping: blanks bands of a spectrogram's times and frequencies. */
const specAugment: AugmentationKind<{ share: number; bands: number }> = {
  name: 'spec-augment',
  shorthand: { option: 'share' },
  options: {
    share: numberOption(0.15, 'widest band, as a share of the axis', { least: 0, most: 1 }),
    bands: numberOption(1, 'bands along each axis', { least: 1, whole: true }),
  },
  make: ({ share, bands }) => maskFeatures('spec-augment', share, bands),
};

/** Augmentations of sounds. */
export const soundAugmentations: readonly AugmentationKind[] = [timeShift, noise, gain, speed, specAugment];
