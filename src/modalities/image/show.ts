import { zlibSync } from 'fflate';
import type { DataTensor, InputSpec } from '../../data/index.js';
import type { Shown } from '../modality.js';

/** An image as PNG, its values spread over their range. */
export function showImage({ data, shape }: DataTensor, { range = [0, 255] }: InputSpec): Shown {
  const [, height, width, channels] = shape;
  const [low, high] = range;
  const bytes = Uint8Array.from(data as ArrayLike<number>, (value) =>
    Math.max(0, Math.min(255, (255 * (Number(value) - low)) / (high - low))),
  );
  const colours = channels === 1 ? 'gray' : 'colour';
  const png = encodePng(bytes, { width, height, channels });
  return { text: `${width}×${height} ${colours} image`, picture: `data:image/png;base64,${base64(png)}` };
}

/** A PNG file (ISO 15948) of 8 bits a channel, gray or RGB, without filters. */
function encodePng(pixels: Uint8Array, { width, height, channels }: { width: number; height: number; channels: number }): Uint8Array {
  const row = width * channels;
  const filtered = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) filtered.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8);
  const chunks = [chunk('IHDR', header), chunk('IDAT', zlibSync(filtered)), chunk('IEND', new Uint8Array(0))];
  return Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...chunks.flatMap((each) => [...each])]);
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

/** The checksum of PNG's chunks (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
