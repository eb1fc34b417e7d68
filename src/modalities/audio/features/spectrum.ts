import { fourier } from './fourier.js';
import type { CompleteFrontEnd } from './spec.js';

type Framing = Pick<CompleteFrontEnd, 'nFft' | 'winLength' | 'hop' | 'center' | 'power'>;

/** Computes the spectra of sounds, frame by frame. */
export type Spectrograph = (sound: ArrayLike<number>, frames: number, each: (spectrum: Float64Array, frame: number) => void) => void;

/** A periodic Hann window of `winLength`, in the middle of `nFft` points. */
export function hann({ nFft, winLength }: Pick<Framing, 'nFft' | 'winLength'>): Float64Array {
  const window = new Float64Array(nFft);
  const before = Math.floor((nFft - winLength) / 2);
  for (let i = 0; i < winLength; i++) window[before + i] = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / winLength);
  return window;
}

/** |STFT|^power of each frame, nFft / 2 + 1 numbers that the callback must not keep. As torch.stft with torchaudio's settings. */
export function spectrograph({ nFft, winLength, hop, center, power }: Framing): Spectrograph {
  const transform = fourier(nFft);
  const window = hann({ nFft, winLength });
  const [re, im] = [new Float64Array(nFft), new Float64Array(nFft)];
  const spectrum = new Float64Array(Math.floor(nFft / 2) + 1);
  const before = center ? Math.floor(nFft / 2) : 0;
  return (sound, frames, each) => {
    const last = sound.length - 1;
    for (let frame = 0; frame < frames; frame++) {
      const start = frame * hop - before;
      for (let i = 0; i < nFft; i++) {
        const at = Math.abs(start + i);
        re[i] = window[i] * sound[at > last ? 2 * last - at : at];
      }
      im.fill(0);
      transform(re, im);
      for (let bin = 0; bin < spectrum.length; bin++) {
        const squared = re[bin] ** 2 + im[bin] ** 2;
        spectrum[bin] = power === 2 ? squared : Math.sqrt(squared);
      }
      each(spectrum, frame);
    }
  };
}
