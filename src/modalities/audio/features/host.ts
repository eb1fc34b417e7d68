import { melFilters } from './filters.js';
import {
  type CompleteFrontEnd,
  completeFrontEnd,
  DECIBEL_FLOOR,
  type FrontEnd,
  frameCount,
  frameWidth,
  LEAST_PEAK,
  NATURAL_FLOOR,
} from './spec.js';
import { spectrograph } from './spectrum.js';

/** Computes the features of one sound of `samples` samples: [frames, width], written to `out`. */
export type Extractor = (sound: ArrayLike<number>, out: Float32Array) => void;

/** A front end on the host, planned once for many sounds. @throws OptionError for impossible options. */
export function extractor(given: FrontEnd): Extractor {
  const spec = completeFrontEnd(given);
  const frames = frameCount(spec);
  const { nMels } = spec;
  const filters = sparse(melFilters(spec), nMels);
  const spectra = spectrograph(spec);
  const mels = new Float64Array(frames * nMels);
  const finish = spec.kind === 'mfcc' ? cosineTransform(spec, frames) : (out: Float32Array) => out.set(mels);
  return (sound, out) => {
    spectra(spec.level === 'peak' ? toPeak(sound) : sound, frames, (spectrum, frame) => {
      filters.forEach(({ first, weights }, m) => {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * spectrum[first + k];
        mels[frame * nMels + m] = sum;
      });
    });
    takeLogarithm(mels, spec);
    finish(out, mels);
  };
}

/** The sound with a largest magnitude of 1. */
function toPeak(sound: ArrayLike<number>): Float32Array {
  const levelled = Float32Array.from(sound);
  const peak = levelled.reduce((most, value) => Math.max(most, Math.abs(value)), LEAST_PEAK);
  return levelled.map((value) => value / peak);
}

/** Of each filter only where it is not 0. */
function sparse(filters: Float64Array, count: number): { first: number; weights: Float64Array }[] {
  const bins = filters.length / count;
  return Array.from({ length: count }, (_, m) => {
    const row = filters.subarray(m * bins, (m + 1) * bins);
    const first = row.findIndex((weight) => weight !== 0);
    return {
      first: Math.max(0, first),
      weights: first < 0 ? row.slice(0, 0) : row.slice(first, row.findLastIndex((weight) => weight !== 0) + 1),
    };
  });
}

function takeLogarithm(mels: Float64Array, { logarithm, topDb }: CompleteFrontEnd): void {
  if (logarithm === 'natural') {
    for (let i = 0; i < mels.length; i++) mels[i] = Math.log(mels[i] + NATURAL_FLOOR);
    return;
  }
  let loudest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < mels.length; i++) {
    mels[i] = 10 * Math.log10(Math.max(mels[i], DECIBEL_FLOOR));
    loudest = Math.max(loudest, mels[i]);
  }
  if (topDb !== undefined) for (let i = 0; i < mels.length; i++) mels[i] = Math.max(mels[i], loudest - topDb);
}

/** The orthonormal DCT-II over a frame's filters, [nMels, nMfcc]. */
export function cosines(nMels: number, nMfcc: number): Float64Array {
  return Float64Array.from({ length: nMels * nMfcc }, (_, i) => {
    const [m, k] = [Math.floor(i / nMfcc), i % nMfcc];
    return Math.cos((Math.PI / nMels) * (m + 0.5) * k) * Math.sqrt((k === 0 ? 1 : 2) / nMels);
  });
}

function cosineTransform(spec: CompleteFrontEnd, frames: number): (out: Float32Array, mels: Float64Array) => void {
  const [width, { nMels }] = [frameWidth(spec), spec];
  const matrix = cosines(nMels, width);
  return (out, mels) => {
    for (let frame = 0; frame < frames; frame++)
      for (let k = 0; k < width; k++) {
        let sum = 0;
        for (let m = 0; m < nMels; m++) sum += mels[frame * nMels + m] * matrix[m * width + k];
        out[frame * width + k] = sum;
      }
  };
}
