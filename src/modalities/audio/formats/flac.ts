import { FormatError, UnsupportedError } from '../../../base/index.js';
import { BitReader } from './bits.js';
import { crc16 } from './crc.js';
import { type FlacHeader, readHeader } from './flac-header.js';
import { readSubframe } from './flac-subframe.js';
import { MOST_SAMPLES, type Sound } from './sound.js';

const STREAM_INFO = 0;
const STREAM_INFO_BYTES = 34;

/** What a file says of itself at its beginning. */
interface StreamInfo {
  sampleRate: number;
  channels: number;
  bits: number;
  /** 0 where it is not known. */
  frames: number;
}

/** Whether the bytes begin as a FLAC file does. */
export function isFlac(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === 'fLaC';
}

/**
 * Decodes a FLAC file (RFC 9639) of 4 to 32 bits and up to 8 channels. The checksums of headers and frames are checked, MD5 is not. Of a file that is cut
 * off the whole frames are kept (`isCut`).
 * @throws FormatError where it is damaged, UnsupportedError for more samples than fit.
 */
export function decodeFlac(bytes: Uint8Array, where: string): Sound {
  if (!isFlac(bytes)) throw new FormatError({ what: 'This is no FLAC file', where, expected: '"fLaC" at the beginning' });
  const { info, start } = readMetadata(bytes, where);
  const { sampleRate, channels, bits } = info;
  const blocks: Float32Array[] = [];
  let total = 0;
  let at = start;
  while (at < bytes.length && (info.frames === 0 || total < info.frames * channels)) {
    const frame = readFrame(bytes, at, info, where);
    if (!frame) break;
    blocks.push(frame.samples);
    total += frame.samples.length;
    if (total > MOST_SAMPLES)
      throw new UnsupportedError({
        what: 'The sound is too long',
        where,
        expected: `at most ${MOST_SAMPLES} samples`,
        got: `${total} and more`,
      });
    at = frame.end;
  }
  const samples = new Float32Array(total);
  let filled = 0;
  for (const block of blocks) {
    samples.set(block, filled);
    filled += block.length;
  }
  const scale = 2 ** (1 - bits);
  for (let i = 0; i < total; i++) samples[i] *= scale;
  return { sampleRate, channels, samples, isCut: total < info.frames * channels };
}

function readMetadata(bytes: Uint8Array, where: string): { info: StreamInfo; start: number } {
  let info: StreamInfo | undefined;
  for (let at = 4, last = false; !last; ) {
    const reader = new BitReader(bytes, at);
    last = reader.unsigned(1) === 1;
    const [type, length] = [reader.unsigned(7), reader.unsigned(24)];
    if (at + 4 + length > bytes.length)
      throw new FormatError({
        what: 'The FLAC file ends within its description',
        where,
        expected: `${at + 4 + length} bytes`,
        got: String(bytes.length),
      });
    if (type === STREAM_INFO && length >= STREAM_INFO_BYTES) info = streamInfo(new BitReader(bytes, at + 14));
    at += 4 + length;
    if (last && info) return { info, start: at };
  }
  throw new FormatError({ what: 'The FLAC file does not describe its samples', where, expected: 'a STREAMINFO block' });
}

function streamInfo(reader: BitReader): StreamInfo {
  const [sampleRate, channels, bits, frames] = [20, 3, 5, 36].map((count) => reader.unsigned(count));
  return { sampleRate, channels: channels + 1, bits: bits + 1, frames };
}

/** The samples of the frame at a byte, [frames, channels], as whole numbers; undefined where the file ends within it. */
function readFrame(bytes: Uint8Array, at: number, info: StreamInfo, where: string): { samples: Float32Array; end: number } | undefined {
  const damaged = (why: string) => new FormatError({ what: `The FLAC file is damaged: ${why}`, where, got: `the frame at byte ${at}` });
  const reader = new BitReader(bytes, at);
  const header = readHeader(reader, info);
  if (typeof header === 'string') {
    if (reader.isOver) return undefined;
    throw damaged(header);
  }
  const parts: Float64Array[] = [];
  for (let channel = 0; channel < info.channels; channel++) {
    const part = new Float64Array(header.size);
    const problem = readSubframe(reader, info.bits + Number(channel === header.side), part);
    if (reader.isOver) return undefined;
    if (problem !== undefined) throw damaged(problem);
    parts.push(part);
  }
  reader.align();
  const end = reader.at + 2;
  if (end > bytes.length) return undefined;
  if (crc16(bytes.subarray(at, reader.at)) !== reader.unsigned(16)) throw damaged('a checksum is wrong');
  undoStereo(parts, header);
  const samples = new Float32Array(header.size * info.channels);
  parts.forEach((part, channel) => {
    for (let i = 0; i < part.length; i++) samples[i * info.channels + channel] = part[i];
  });
  return { samples, end };
}

/** Left and right from one of them and their difference, or from their mean and difference. */
function undoStereo([first, second]: Float64Array[], { stereo }: FlacHeader): void {
  if (stereo === undefined) return;
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [first[i], second[i]];
    if (stereo === 'left-side') second[i] = a - b;
    else if (stereo === 'side-right') first[i] = a + b;
    else {
      // The mean lost its last bit, which is that of the difference.
      const sum = 2 * a + Math.abs(b % 2);
      first[i] = (sum + b) / 2;
      second[i] = (sum - b) / 2;
    }
  }
}
