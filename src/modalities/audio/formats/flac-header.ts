import type { BitReader } from './bits.js';
import { crc8 } from './crc.js';

/** What the header of a frame says (RFC 9639, section 9.1). */
export interface FlacHeader {
  /** Samples a channel. */
  size: number;
  /** How two channels are stored, where not each by itself. */
  stereo?: 'left-side' | 'side-right' | 'mid-side';
  /** Which channel is a difference and has a bit more. */
  side?: number;
}

const SYNC = 0b111111111111100;
const STEREO: Readonly<Record<number, Pick<FlacHeader, 'stereo' | 'side'>>> = {
  8: { stereo: 'left-side', side: 1 },
  9: { stereo: 'side-right', side: 0 },
  10: { stereo: 'mid-side', side: 1 },
};
/** Bits a sample by their code; the last is that of all 32. */
const BITS: Readonly<Record<number, number>> = { 1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32 };

/** @returns the header, or what is wrong with it. */
export function readHeader(reader: BitReader, info: { channels: number; bits: number }): FlacHeader | string {
  const start = reader.at;
  if (reader.unsigned(15) !== SYNC) return 'a frame does not begin where the one before ends';
  reader.unsigned(1);
  const [sizeCode, rateCode, assignment, bitsCode, reserved] = [4, 4, 4, 3, 1].map((count) => reader.unsigned(count));
  skipNumber(reader);
  const size = blockSize(reader, sizeCode);
  if (rateCode >= 12) reader.unsigned(rateCode === 12 ? 8 : 16);
  const end = reader.at;
  if (crc8(reader.bytes.subarray(start, end)) !== reader.unsigned(8)) return 'the checksum of a header is wrong';
  const channels = assignment < 8 ? assignment + 1 : 2;
  if (reserved !== 0 || size === 0 || rateCode === 15 || (assignment >= 8 && !STEREO[assignment])) return 'a header has reserved values';
  if (channels !== info.channels || (bitsCode !== 0 && BITS[bitsCode] !== info.bits))
    return 'a frame differs from the file in channels or bits';
  return { size, ...STEREO[assignment] };
}

/** The number of the frame or sample, coded as UTF-8 does. */
function skipNumber(reader: BitReader): void {
  const first = reader.unsigned(8);
  for (let bit = 6; bit > 0 && (first >> bit) & 1 && first & 0x80; bit--) reader.unsigned(8);
}

/** 0 for the code that is reserved. */
function blockSize(reader: BitReader, code: number): number {
  if (code === 6) return reader.unsigned(8) + 1;
  if (code === 7) return reader.unsigned(16) + 1;
  if (code === 1) return 192;
  if (code >= 2 && code <= 5) return 576 << (code - 2);
  return code >= 8 ? 256 << (code - 8) : 0;
}
