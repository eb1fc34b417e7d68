import type { FileHandle } from 'node:fs/promises';
import { FormatError, LONGEST_HEADER, UnsupportedError } from '../../base/index.js';
import { readAt } from './files.js';

const BLOCK = 512;
const WINDOW = 1 << 20;

/** Entries that say something of the next one, or of all. */
const DESCRIBES: ReadonlySet<string> = new Set(['x', 'g', 'L', 'K']);
/** What a regular file is marked by: "0", nothing in old archives, "7" where it is to lie in one piece. */
const REGULAR: ReadonlySet<string> = new Set(['0', '\0', '7']);

/** What entries before a file say of it. */
interface Extra {
  path?: string;
  size?: number;
  sparse?: boolean;
}

/** A regular file inside an archive. */
export interface TarEntry {
  path: string;
  size: number;
  /** Where its content starts in the archive, in bytes. */
  offset: number;
}

/**
 * Finds the regular files of a tar archive (POSIX ustar with pax records, or GNU) without reading their contents: names and places.
 * Links, folders and devices are left out: only what is a file in the archive itself is read.
 * @throws FormatError when a header's checksum or a size is wrong, or the archive ends within a file or without its end mark; UnsupportedError for
 *   sparse files.
 */
export async function indexTar(file: FileHandle, where: string): Promise<TarEntry[]> {
  const { size: length } = await file.stat();
  const reader = new WindowReader(file, length, where);
  const entries: TarEntry[] = [];
  let extra: Extra = {};
  for (let at = 0; at + BLOCK <= length; ) {
    const header = await reader.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    checkHeader(header, at, where);
    const type = String.fromCharCode(header[156]);
    const describes = DESCRIBES.has(type);
    const size = (describes ? undefined : extra.size) ?? numberField(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0 || (describes && size > LONGEST_HEADER))
      throw new FormatError({ what: `The size of an entry at byte ${at} of the archive cannot be`, where, got: String(size) });
    const offset = at + BLOCK;
    if (offset + size > length)
      throw new FormatError({
        what: 'The archive ends in the middle of a file',
        where,
        expected: `${offset + size} bytes`,
        got: String(length),
      });
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'x') extra = { ...extra, ...paxRecords(await reader.read(offset, size)) };
    else if (type === 'L') extra = { ...extra, path: textField(await reader.read(offset, size), 0, size) };
    else if (!describes) {
      const path = extra.path ?? pathOf(header);
      if (type === 'S' || extra.sparse)
        throw new UnsupportedError({ what: `"${path}" is a sparse file`, where, fix: 'Pack the archive without --sparse.' });
      if (REGULAR.has(type)) entries.push({ path, size, offset });
      extra = {};
    }
  }
  throw new FormatError({
    what: 'The archive has no end mark: it is cut off',
    where,
    expected: 'a block of zeros at the end',
    fix: 'Copy or pack it again',
  });
}

function pathOf(header: Uint8Array): string {
  const name = textField(header, 0, 100);
  // Only POSIX headers have a prefix there; GNU ones ("ustar  ") keep other things at that place.
  const posix = textField(header, 257, 6) === 'ustar' && header[263] === 48;
  const prefix = posix ? textField(header, 345, 155) : '';
  return prefix ? `${prefix}/${name}` : name;
}

/** "length key=value\n" records of a pax header; only the path, the size and whether the file is sparse matter here. */
function paxRecords(bytes: Uint8Array): Extra {
  const found: Extra = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(textField(bytes, at, space - at));
    if (space < 0 || !Number.isSafeInteger(length) || length <= 0) break;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    if (record.startsWith('path=')) found.path = record.slice(5);
    if (record.startsWith('size=')) found.size = /^size=\d+$/.test(record) ? Number(record.slice(5)) : Number.NaN;
    if (record.startsWith('GNU.sparse.')) found.sparse = true;
    at += length;
  }
  return found;
}

function checkHeader(header: Uint8Array, at: number, where: string): void {
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i];
  if (numberField(header, 148, 8) === sum) return;
  throw new FormatError({
    what: `The archive is damaged at byte ${at}, or is no tar archive`,
    where,
    expected: 'a header with a right checksum',
  });
}

function textField(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal text, or base 256 where the first bit is set (GNU, for files over 8 GiB); NaN where it is neither, or negative. */
function numberField(bytes: Uint8Array, start: number, length: number): number {
  const field = bytes.subarray(start, start + length);
  if (field[0] === 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  const text = textField(bytes, start, length).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN;
}

/** Reads a file front to back in large pieces. */
class WindowReader {
  #window = new Uint8Array(0);
  #start = 0;

  constructor(
    readonly file: FileHandle,
    readonly length: number,
    readonly where: string,
  ) {}

  async read(position: number, size: number): Promise<Uint8Array> {
    if (position < this.#start || position + size > this.#start + this.#window.length) {
      this.#window = new Uint8Array(Math.min(this.length - position, Math.max(WINDOW, size)));
      this.#start = position;
      await readAt(this.file, this.#window, position, this.where);
    }
    return this.#window.subarray(position - this.#start, position - this.#start + size);
  }
}
