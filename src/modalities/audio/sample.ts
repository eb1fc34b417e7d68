import type { DataTensor, InputSpec } from '../../data/index.js';
import { decodeSound, mixDown } from './formats/index.js';
import { resampler } from './resample.js';

/** One channel as recorders and decoders give it, full scale ±1. */
interface RawSound {
  samples: Float32Array;
  sampleRate: number;
}

/**
 * A sound, or the bytes of a WAVE or FLAC file, as a stored sample at the rate of the data. Undefined for what is none.
 * @throws FormatError or UnsupportedError for bytes that are no such file.
 */
export function soundSample(raw: unknown, { sampleRate }: Pick<InputSpec, 'sampleRate'>): DataTensor | undefined {
  const sound = raw instanceof Uint8Array ? decoded(raw) : isSound(raw) ? raw : undefined;
  if (!sound) return undefined;
  const data = resampler(sound.sampleRate, sampleRate ?? sound.sampleRate).run(sound.samples);
  return { type: 'float32', shape: [1, data.length], data, kind: 'audio' };
}

function decoded(bytes: Uint8Array): RawSound {
  const sound = decodeSound(bytes, 'the sound');
  return { samples: mixDown(sound), sampleRate: sound.sampleRate };
}

function isSound(raw: unknown): raw is RawSound {
  const { samples, sampleRate } = (raw ?? {}) as Partial<RawSound>;
  return samples instanceof Float32Array && samples.length > 0 && Number.isInteger(sampleRate) && Number(sampleRate) > 0;
}
