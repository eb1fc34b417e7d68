import type { FileHandle } from 'node:fs/promises';
import { openForReading, readAt } from './files.js';

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
/** Of sizes and places that stand elsewhere, as ZIP64 has them. */
const ELSEWHERE = 0xffffffff;
/** A directory of more bytes is no archive of arrays. */
const LARGEST_DIRECTORY = 2 ** 20;

interface Entry {
  name: string;
  size: number;
  at: number;
}

/**
 * The entries of a ZIP archive that holds them as they are, as `numpy.savez` writes it, each read into memory of its own: the archive itself is never in
 * memory beside what it holds.
 * @returns undefined for an archive of any other kind, damaged ones included, and where the entries wanted have more than `most` bytes.
 */
export async function readStoredEntries(
  path: string,
  wanted: (name: string) => boolean,
  most: number,
): Promise<Record<string, Uint8Array> | undefined> {
  const file = await openForReading(path);
  try {
    const found = await file.stat();
    if (!found.isFile()) return undefined;
    const { size } = found;
    const entries = (await directory(file, size, path))?.filter(({ name }) => wanted(name));
    if (!entries || entries.reduce((sum, entry) => sum + entry.size, 0) > Math.min(most, size)) return undefined;
    const contents: [string, Uint8Array][] = [];
    for (const entry of entries) {
      const start = await contentStart(file, entry, size, path);
      if (start === undefined || start + entry.size > size) return undefined;
      const content = new Uint8Array(entry.size);
      await readAt(file, content, start, path);
      contents.push([entry.name, content]);
    }
    return Object.fromEntries(contents);
  } finally {
    await file.close();
  }
}

async function directory(file: FileHandle, size: number, path: string): Promise<Entry[] | undefined> {
  if (size < END_BYTES) return undefined;
  const end = await viewOf(file, size - END_BYTES, END_BYTES, path);
  if (end.getUint32(0, true) !== END) return undefined;
  const [count, bytes, start] = [end.getUint16(10, true), end.getUint32(12, true), end.getUint32(16, true)];
  if (bytes > LARGEST_DIRECTORY || start + bytes > size - END_BYTES) return undefined;
  const view = await viewOf(file, start, bytes, path);
  const entries: Entry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + CENTRAL_BYTES > bytes || view.getUint32(at, true) !== CENTRAL) return undefined;
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [packed, unpacked, place] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint32(at + 42, true)];
    if (method !== 0 || (flags & 1) !== 0 || packed !== unpacked || packed === ELSEWHERE || place === ELSEWHERE) return undefined;
    const length = view.getUint16(at + 28, true);
    if (at + CENTRAL_BYTES + length > bytes) return undefined;
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + CENTRAL_BYTES, length));
    entries.push({ name, size: packed, at: place });
    at += CENTRAL_BYTES + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

async function contentStart(file: FileHandle, { at }: Entry, size: number, path: string): Promise<number | undefined> {
  if (at + LOCAL_BYTES > size) return undefined;
  const head = await viewOf(file, at, LOCAL_BYTES, path);
  return head.getUint32(0, true) === LOCAL ? at + LOCAL_BYTES + head.getUint16(26, true) + head.getUint16(28, true) : undefined;
}

async function viewOf(file: FileHandle, position: number, length: number, path: string): Promise<DataView> {
  const bytes = new Uint8Array(length);
  await readAt(file, bytes, position, path);
  return new DataView(bytes.buffer);
}
