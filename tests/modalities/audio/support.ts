import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrontEnd } from '#dist/modalities/audio/features/spec.js';

/** Fixtures by libsndfile and torchaudio; see make.py beside them. Compiled tests run in the repository's root. */
const FOLDER = join(process.cwd(), 'tests', 'fixtures', 'audio');

export function fixture(name: string) {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
}

export function soundFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(FOLDER, 'files', name)));
}

/** Base64 of little-endian float32. */
export function floats(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

/** Base64 of little-endian int32. */
export function integers(text: string): Int32Array {
  return new Int32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

/** Largest difference, relative to the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return largest === 0 ? worst : worst / largest;
}

/** [rows, columns] as [columns, rows]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

/** The front end that options of torchaudio's transforms mean. */
export function frontEndOf(sampleRate: number, samples: number, options: Record<string, unknown>): FrontEnd {
  const { logMels, norm, ...rest } = options;
  const mfcc = rest.nMfcc !== undefined;
  const decibels = mfcc && logMels !== true;
  return {
    kind: mfcc ? 'mfcc' : 'log-mel',
    sampleRate,
    samples,
    norm: norm ?? 'none',
    ...(decibels && { logarithm: 'decibels', topDb: 80 }),
    ...rest,
  } as FrontEnd;
}
