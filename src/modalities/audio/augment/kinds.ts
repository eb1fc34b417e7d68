import { type Augmentation, type AugmentationKind, checkOption } from '../../../data/index.js';
import { maskFeatures } from './masks.js';
import { atSpeed, changeSounds, loudness } from './sounds.js';

/** Moves sounds in time; zeros come in. */
interface TimeShift extends Augmentation {
  /** Furthest move each way, as a share of the length. Default: 0.1. */
  share?: number;
}

const timeShift: AugmentationKind = {
  name: 'time-shift',
  shorthand: { option: 'share' },
  make: ({ name, share = 0.1 }: TimeShift) => {
    checkOption(name, 'share', share, share >= 0 && share <= 1, 'a number in [0, 1]');
    return changeSounds(name, (random) => {
      const place = random.uniform(-share, share);
      return (from, to) => {
        const move = Math.round(place * from.length);
        if (move >= 0) to.set(from.subarray(0, from.length - move), move);
        else to.set(from.subarray(-move));
      };
    });
  },
};

/** Adds white noise to sounds. */
interface Noise extends Augmentation {
  /** Loudest noise: how far it stays below the sound, in decibels. Default: 10. */
  decibels?: number;
  /** How much further below it may be; drawn evenly. Default: 30. */
  spread?: number;
  /** Of adding any: models must know sounds that are silent before and after, too. Default: 0.5. */
  probability?: number;
}

const noise: AugmentationKind = {
  name: 'noise',
  shorthand: { option: 'decibels' },
  make: ({ name, decibels = 10, spread = 30, probability = 0.5 }: Noise) => {
    checkOption(name, 'decibels', decibels, Number.isFinite(decibels), 'a finite number');
    checkOption(name, 'spread', spread, spread >= 0 && Number.isFinite(spread), 'a number, at least 0');
    checkOption(name, 'probability', probability, probability >= 0 && probability <= 1, 'a number in [0, 1]');
    return changeSounds(name, (random) => {
      if (random.uniform() >= probability) return (from, to) => to.set(from);
      const below = decibels + random.uniform() * spread;
      const own = random.fork(random.uint32());
      return (from, to) => {
        // The sum of three even numbers in [-1, 1) has a variance of 1 and is quicker to draw than a normal one.
        const level = loudness(from) * 10 ** (-below / 20);
        for (let i = 0; i < to.length; i++) to[i] = from[i] + level * (2 * (own.uniform() + own.uniform() + own.uniform()) - 3);
      };
    });
  },
};

/** Makes sounds louder or softer. */
interface Gain extends Augmentation {
  /** Furthest change each way; drawn evenly. Default: 6. */
  decibels?: number;
}

const gain: AugmentationKind = {
  name: 'gain',
  shorthand: { option: 'decibels' },
  make: ({ name, decibels = 6 }: Gain) => {
    checkOption(name, 'decibels', decibels, decibels >= 0 && Number.isFinite(decibels), 'a number, at least 0');
    return changeSounds(name, (random) => {
      const factor = 10 ** (random.uniform(-decibels, decibels) / 20);
      return (from, to) => {
        for (let i = 0; i < to.length; i++) to[i] = factor * from[i];
      };
    });
  },
};

/** Plays sounds faster and higher, or slower and lower (Ko et al. 2015, "Audio augmentation for speech recognition"). */
interface Speed extends Augmentation {
  /** Largest change of the speed each way. Default: 0.1. */
  share?: number;
}

const speed: AugmentationKind = {
  name: 'speed',
  shorthand: { option: 'share' },
  make: ({ name, share = 0.1 }: Speed) => {
    checkOption(name, 'share', share, share >= 0 && share < 1, 'a number in [0, 1)');
    return changeSounds(name, (random) => {
      const factor = 1 + random.uniform(-share, share);
      return (from, to) => atSpeed(from, to, factor);
    });
  },
};

/** SpecAugment (Park et al. 2019, arXiv 1904.08779) without warping: blanks bands of a spectrogram's times and frequencies. */
interface SpecAugment extends Augmentation {
  /** Widest band, as a share of the axis. Default: 0.15. */
  share?: number;
  /** Bands along each axis. Default: 1. */
  bands?: number;
}

const specAugment: AugmentationKind = {
  name: 'spec-augment',
  shorthand: { option: 'share' },
  make: ({ name, share = 0.15, bands = 1 }: SpecAugment) => {
    checkOption(name, 'share', share, share >= 0 && share <= 1, 'a number in [0, 1]');
    checkOption(name, 'bands', bands, Number.isInteger(bands) && bands >= 1, 'a whole number, at least 1');
    return maskFeatures(name, share, bands);
  },
};

/** Augmentations of sounds. */
export const soundAugmentations: readonly AugmentationKind[] = [timeShift, noise, gain, speed, specAugment];
