import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { DataError, FormatError } from '../../base/index.js';
import { fileReason } from '../../base/node/index.js';
import { unpackGzip } from './unpack.js';

/** Node reads less than 2 GiB at a time. */
const LARGEST_READ = 2 ** 30;

/**
 * A file's content, unpacked where it is gzipped (by its first bytes, not its name).
 * @param maxUnpacked most bytes that it may unpack to (default: see base/limits.ts).
 * @throws DataError when it cannot be read, FormatError when the gzip stream is damaged or unpacks to too much.
 */
export async function readContent(path: string, maxUnpacked?: number): Promise<Uint8Array> {
  const found = await stat(path).catch((cause) => Promise.reject(unreadable(path, cause)));
  if (!found.isFile()) throw new DataError({ what: 'It is no file', where: path });
  return unpacked(await readFile(path).catch((cause) => Promise.reject(unreadable(path, cause))), path, maxUnpacked);
}

/** As `readContent`, of a file within a folder or an archive. */
export async function contentOf(file: { read(): Promise<Uint8Array> }, where: string, maxUnpacked?: number): Promise<Uint8Array> {
  return unpacked(await file.read().catch((cause) => Promise.reject(unreadable(where, cause))), where, maxUnpacked);
}

async function unpacked(bytes: Uint8Array, path: string, maxUnpacked: number | undefined): Promise<Uint8Array> {
  return isGzip(bytes) ? unpackGzip(bytes, path, maxUnpacked) : bytes;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** @throws DataError saying which file cannot be read, and why. */
export async function openForReading(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause) => Promise.reject(unreadable(path, cause)));
}

/** A file's length and time of change, which together tell whether it is still the same. */
export async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path).catch((cause) => Promise.reject(unreadable(path, cause)));
  return `${size}@${mtimeMs}`;
}

/** Reads exactly `length` bytes at a position. */
export async function readAt(file: FileHandle, target: Uint8Array, position: number, where: string): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, Math.min(target.length - done, LARGEST_READ), position + done);
    if (bytesRead === 0) throw new FormatError({ what: 'The file is cut off', where, expected: `${position + target.length} bytes` });
    done += bytesRead;
  }
}

export function unreadable(path: string, cause: unknown): DataError {
  return new DataError({ what: `Cannot be read (${fileReason(cause)})`, where: path }, { cause });
}
