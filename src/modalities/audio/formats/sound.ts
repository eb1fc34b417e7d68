/** Decoded sound. */
export interface Sound {
  /** Samples a second, in Hz. */
  sampleRate: number;
  channels: number;
  /** [frames, channels], row by row; full scale is ±1, and floats may go beyond. */
  samples: Float32Array;
  /** Whether the file ends before the end that it announces; what is whole is here. */
  isCut: boolean;
}

/** More samples than this are not decoded into memory: 45 minutes of 48 kHz stereo. */
export const MOST_SAMPLES = 2 ** 28;

/** The mean of all channels. */
export function mixDown({ channels, samples }: Sound): Float32Array {
  if (channels === 1) return samples;
  const mono = new Float32Array(samples.length / channels);
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += samples[i * channels + c];
    mono[i] = sum / channels;
  }
  return mono;
}
