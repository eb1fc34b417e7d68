import { UnsupportedError } from '../../../base/index.js';
import { decodeFlac, isFlac } from './flac.js';
import type { Sound } from './sound.js';
import { decodeWav, isWav } from './wav.js';

export { mixDown, type Sound } from './sound.js';
export { decodeFlac, decodeWav };

const SOUND = /\.(wav|wave|flac)$/i;

/** Whether a file is called like a sound that is read. */
export function isSound(path: string): boolean {
  return SOUND.test(path);
}

/**
 * Decodes a sound by its first bytes, not its name: WAVE or FLAC.
 * @throws FormatError where it is damaged, UnsupportedError for other formats and encodings.
 */
export function decodeSound(bytes: Uint8Array, where: string): Sound {
  if (isWav(bytes)) return decodeWav(bytes, where);
  if (isFlac(bytes)) return decodeFlac(bytes, where);
  const expected = 'WAVE (.wav) or FLAC (.flac)';
  throw new UnsupportedError({ what: 'This is no format of sound that is read', where, expected, fix: 'Convert it to one of these' });
}
