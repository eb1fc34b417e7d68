import { FormatError, UnsupportedError } from '../../../base/index.js';
import { fromALaw, fromMuLaw } from './companding.js';
import { MOST_SAMPLES, type Sound } from './sound.js';

/** Format tags of WAVE files (RFC 2361); the last says that the true one follows in a GUID. */
const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;
/** How a GUID that stands for a format tag goes on after the tag. */
const GUID_REST = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
/** What streams write where a length is not known yet. */
const UNKNOWN_LENGTH = 0xffffffff;
const MOST_CHANNELS = 64;
const HIGHEST_RATE = 1_000_000;

/** Reads one sample at a byte. */
type Reader = (view: DataView, at: number) => number;

/** By tag and bits a sample. */
const READERS: Readonly<Record<string, Reader>> = {
  [`${PCM} 8`]: (view, at) => (view.getUint8(at) - 128) / 128,
  [`${PCM} 16`]: (view, at) => view.getInt16(at, true) / 2 ** 15,
  [`${PCM} 24`]: (view, at) => (view.getUint8(at) + view.getInt16(at + 1, true) * 256) / 2 ** 23,
  [`${PCM} 32`]: (view, at) => view.getInt32(at, true) / 2 ** 31,
  [`${FLOAT} 32`]: (view, at) => view.getFloat32(at, true),
  [`${FLOAT} 64`]: (view, at) => view.getFloat64(at, true),
  [`${A_LAW} 8`]: (view, at) => fromALaw(view.getUint8(at)),
  [`${MU_LAW} 8`]: (view, at) => fromMuLaw(view.getUint8(at)),
};

interface Format {
  channels: number;
  sampleRate: number;
  bytes: number;
  read: Reader;
}

/** Whether the bytes begin as a WAVE file does. */
export function isWav(bytes: Uint8Array): boolean {
  return textAt(bytes, 0) === 'RIFF' && textAt(bytes, 8) === 'WAVE';
}

/**
 * Decodes a RIFF WAVE file: PCM of 8, 16, 24 or 32 bits, floats of 32 or 64, A-law and mu-law, each also as WAVE_FORMAT_EXTENSIBLE. Other chunks are
 * passed over. Of a file that is cut off what is whole is kept (`isCut`).
 * @throws FormatError where the file is damaged before its samples, UnsupportedError for other encodings or more samples than fit.
 */
export function decodeWav(bytes: Uint8Array, where: string): Sound {
  if (!isWav(bytes)) throw new FormatError({ what: 'This is no WAVE file', where, expected: '"RIFF", a length, "WAVE"' });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [kind, length] = [textAt(bytes, at), view.getUint32(at + 4, true)];
    const start = at + 8;
    if (kind === 'fmt ') format = formatOf(bytes.subarray(start, start + length), where);
    if (kind === 'data') {
      if (format) return readSamples(view, format, start, length, where);
      throw new FormatError({ what: 'The samples come before the chunk that describes them', where, expected: '"fmt " before "data"' });
    }
    // A chunk of odd length is followed by a byte that it does not count.
    at = start + length + (length % 2);
  }
  throw new FormatError({
    what: 'The WAVE file ends before its samples',
    where,
    expected: format ? 'a "data" chunk' : '"fmt " and "data" chunks',
    got: `${bytes.length} bytes without`,
    fix: 'Copy or record it again',
  });
}

function formatOf(chunk: Uint8Array, where: string): Format {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk.length < 16)
    throw new FormatError({ what: 'The chunk "fmt " is cut off', where, expected: '16 bytes', got: String(chunk.length) });
  const [given, channels, bits] = [view.getUint16(0, true), view.getUint16(2, true), view.getUint16(14, true)];
  const sampleRate = view.getUint32(4, true);
  const isExtensible = given === EXTENSIBLE && chunk.length >= 40 && GUID_REST.every((byte, i) => chunk[26 + i] === byte);
  const tag = isExtensible ? view.getUint16(24, true) : given;
  const read = READERS[`${tag} ${bits}`];
  if (!read) {
    throw new UnsupportedError({
      what: 'This encoding of WAVE files is not read',
      where,
      expected: 'PCM of 8, 16, 24 or 32 bits, floats of 32 or 64, A-law or mu-law',
      got: `format tag ${tag}, ${bits} bits a sample`,
      fix: 'Convert it to 16-bit PCM',
    });
  }
  const bytes = bits / 8;
  const good = channels >= 1 && channels <= MOST_CHANNELS && sampleRate >= 1 && sampleRate <= HIGHEST_RATE;
  if (!good || view.getUint16(12, true) !== channels * bytes) {
    throw new FormatError({
      what: 'The WAVE file describes impossible samples',
      where,
      expected: `1 to ${MOST_CHANNELS} channels at up to ${HIGHEST_RATE} Hz, frames of all channels' bytes`,
      got: `${channels} channels at ${sampleRate} Hz, frames of ${view.getUint16(12, true)} bytes`,
    });
  }
  return { channels, sampleRate, bytes, read };
}

function readSamples(
  view: DataView,
  { channels, sampleRate, bytes, read }: Format,
  start: number,
  announced: number,
  where: string,
): Sound {
  const present = view.byteLength - start;
  const frames = Math.floor(Math.min(announced, present) / (bytes * channels));
  if (frames * channels > MOST_SAMPLES)
    throw new UnsupportedError({
      what: 'The sound is too long',
      where,
      expected: `at most ${MOST_SAMPLES} samples`,
      got: `${frames * channels}`,
    });
  const samples = new Float32Array(frames * channels);
  for (let i = 0; i < samples.length; i++) samples[i] = read(view, start + i * bytes);
  return { sampleRate, channels, samples, isCut: announced > present && announced !== UNKNOWN_LENGTH };
}

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
