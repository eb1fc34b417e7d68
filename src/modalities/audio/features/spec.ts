import { OptionError } from '../../../base/index.js';
import type { Prepare } from '../../../data/index.js';

/**
 * What is made of a sound before a model sees it, as plain JSON: frames under a window, the power of their frequencies, summed by filters that are spaced
 * as ears hear (mel), as logarithms; MFCC are a cosine transform of these. Names and defaults are torchaudio's where it has them.
 */
export interface FrontEnd extends Prepare {
  kind: 'log-mel' | 'mfcc';
  /** Of the sound, in Hz. */
  sampleRate: number;
  /** Length of the sound that is looked at; what is shorter is padded with zeros, what is longer cut. */
  samples: number;
  /**
   * "peak" divides each sound by its largest magnitude, so that how loud it was recorded does not matter; "as-is" keeps it. Default: "as-is".
   */
  level?: 'as-is' | 'peak';
  /** Points of the Fourier transform. */
  nFft: number;
  /** Length of the window (periodic Hann), padded to `nFft` on both sides. Default: `nFft`. */
  winLength?: number;
  /** Samples from one frame to the next. */
  hop: number;
  /** Filters. */
  nMels: number;
  /** Where the lowest filter begins, in Hz. Default: 0. */
  fMin?: number;
  /** Where the highest filter ends, in Hz. Default: half the sample rate. */
  fMax?: number;
  /** "htk" is logarithmic, "slaney" linear up to 1 kHz (as librosa and Whisper). Default: "htk". */
  melScale?: 'htk' | 'slaney';
  /** "slaney" divides each filter by half its width in Hz. Default: "none". */
  norm?: 'none' | 'slaney';
  /** Whether frames are centred at multiples of `hop`, the sound reflected at both ends, or begin there. Default: true. */
  center?: boolean;
  /** Of the magnitude: 2 is power, 1 the magnitude itself. Default: 2. */
  power?: 1 | 2;
  /** ln(x + 1e-6), or decibels, 10·log10(max(x, 1e-10)). Default: "natural". */
  logarithm?: 'natural' | 'decibels';
  /** With decibels: nothing is further below the loudest value of the sound than this. Default: no limit. */
  topDb?: number;
  /** Only for "mfcc": coefficients that are kept, at most `nMels`. */
  nMfcc?: number;
}

/** A front end with its defaults. */
export interface CompleteFrontEnd extends FrontEnd {
  level: 'as-is' | 'peak';
  winLength: number;
  fMin: number;
  fMax: number;
  melScale: 'htk' | 'slaney';
  norm: 'none' | 'slaney';
  center: boolean;
  power: 1 | 2;
  logarithm: 'natural' | 'decibels';
}

/** A sound whose largest magnitude is less is silence, and stays it. */
export const LEAST_PEAK = 1e-3;

/** Added to power before the natural logarithm, and the least power in decibels. */
export const NATURAL_FLOOR = 1e-6;
export const DECIBEL_FLOOR = 1e-10;

/** Larger is no window of a sound, and would take long. */
const MOST_POINTS = 2 ** 16;

/** Fills in the defaults. @throws OptionError naming the option that cannot be used. */
export function completeFrontEnd(given: FrontEnd | Prepare): CompleteFrontEnd {
  const spec = given as FrontEnd;
  const full = {
    level: 'as-is',
    winLength: spec.nFft,
    fMin: 0,
    fMax: Math.floor(spec.sampleRate / 2),
    melScale: 'htk',
    norm: 'none',
    center: true,
    power: 2,
    logarithm: 'natural',
    ...spec,
  } as CompleteFrontEnd;
  checkFrontEnd(full);
  return full;
}

/** Frames that a sound gives. */
export function frameCount({ samples, nFft, hop, center }: CompleteFrontEnd): number {
  return 1 + Math.floor((samples - (center ? 0 : nFft)) / hop);
}

/** Numbers that a frame gives. */
export function frameWidth({ kind, nMels, nMfcc }: CompleteFrontEnd): number {
  return kind === 'mfcc' ? (nMfcc as number) : nMels;
}

function checkFrontEnd(spec: CompleteFrontEnd): void {
  const check = (option: keyof FrontEnd & string, good: boolean, expected: string) => {
    if (good) return;
    throw new OptionError({ what: 'Not a usable value', where: `front end "${option}"`, expected, got: JSON.stringify(spec[option]) });
  };
  const whole = (value: unknown, least: number, most = Number.POSITIVE_INFINITY) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  const { sampleRate, samples, nFft, winLength, hop, nMels, fMin, fMax, center, topDb, nMfcc, kind } = spec;
  check('kind', kind === 'log-mel' || kind === 'mfcc', '"log-mel" or "mfcc"');
  check('sampleRate', whole(sampleRate, 1), 'a whole number of Hz');
  check('nFft', whole(nFft, 2, MOST_POINTS), `a whole number from 2 to ${MOST_POINTS}`);
  check('winLength', whole(winLength, 1, nFft), `a whole number from 1 to nFft, which is ${nFft}`);
  check('hop', whole(hop, 1), 'a whole number, at least 1');
  check('nMels', whole(nMels, 1), 'a whole number, at least 1');
  check('fMin', fMin >= 0 && fMin < fMax, `from 0 to fMax, which is ${fMax}`);
  check('fMax', fMax <= sampleRate / 2, `at most half the sample rate, ${sampleRate / 2}`);
  const least = center ? Math.floor(nFft / 2) + 1 : nFft;
  check('samples', whole(samples, least), `a whole number, at least ${least}, so that there is a frame`);
  check('level', ['as-is', 'peak'].includes(spec.level), '"as-is" or "peak"');
  check('melScale', ['htk', 'slaney'].includes(spec.melScale), '"htk" or "slaney"');
  check('norm', ['none', 'slaney'].includes(spec.norm), '"none" or "slaney"');
  check('center', typeof center === 'boolean', 'true or false');
  check('power', spec.power === 1 || spec.power === 2, '1 or 2');
  check('logarithm', ['natural', 'decibels'].includes(spec.logarithm), '"natural" or "decibels"');
  check('topDb', topDb === undefined || (topDb > 0 && spec.logarithm === 'decibels'), 'a positive number, with decibels');
  check(
    'nMfcc',
    kind === 'mfcc' ? whole(nMfcc, 1, nMels) : nMfcc === undefined,
    `for "mfcc" a whole number from 1 to nMels, which is ${nMels}`,
  );
}
