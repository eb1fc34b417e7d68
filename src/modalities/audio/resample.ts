import { OptionError } from '../../base/index.js';

/** As torchaudio.functional.resample by default: zero crossings of the sinc on each side, and the share of the lower Nyquist frequency that passes. */
const CROSSINGS = 6;
const ROLL_OFF = 0.99;

/** For one phase between two input samples: where its taps begin, relative to the input sample, and what they weigh. */
interface Phase {
  first: number;
  weights: Float64Array;
}

/** A change of rate, computed once for many sounds. */
export interface Resampler {
  run(samples: Float32Array): Float32Array;
}

/**
 * Band-limited interpolation (Smith, "Digital Audio Resampling"): a sinc under a squared-cosine window, as torchaudio's `resample` with its defaults
 * computes it. A sound of n samples gets ceil(n · to / from).
 * @throws OptionError where a rate is no positive whole number.
 */
export function resampler(from: number, to: number): Resampler {
  for (const rate of [from, to])
    if (!Number.isInteger(rate) || rate < 1)
      throw new OptionError({ what: 'A sample rate is a whole number of Hz, at least 1', got: String(rate) });
  if (from === to) return { run: (samples) => samples };
  const common = greatestDivisor(from, to);
  const [before, after] = [from / common, to / common];
  const phases = Array.from({ length: after }, (_, phase) => phaseOf(phase, before, after));
  return { run: (samples) => interpolate(samples, phases, before, after) };
}

function interpolate(samples: Float32Array, phases: readonly Phase[], before: number, after: number): Float32Array {
  const out = new Float32Array(Math.ceil((after * samples.length) / before));
  for (let i = 0; i < out.length; i++) {
    const { first, weights } = phases[i % after];
    const start = Math.floor(i / after) * before + first;
    let sum = 0;
    for (let k = Math.max(0, -start); k < weights.length && start + k < samples.length; k++) sum += weights[k] * samples[start + k];
    out[i] = sum;
  }
  return out;
}

function phaseOf(phase: number, before: number, after: number): Phase {
  const cutoff = Math.min(before, after) * ROLL_OFF;
  const width = Math.ceil((CROSSINGS * before) / cutoff);
  const centre = (phase * before) / after;
  const first = Math.max(-width, Math.floor(centre - (CROSSINGS * before) / cutoff));
  const last = Math.min(width + before - 1, Math.ceil(centre + (CROSSINGS * before) / cutoff));
  const weights = Float64Array.from({ length: last - first + 1 }, (_, k) => {
    const t = Math.max(-CROSSINGS, Math.min(CROSSINGS, ((first + k - centre) / before) * cutoff));
    const window = Math.cos((t * Math.PI) / CROSSINGS / 2) ** 2;
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    return (sinc * window * cutoff) / before;
  });
  return { first, weights };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
