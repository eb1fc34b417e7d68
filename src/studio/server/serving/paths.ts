import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from 'hono';
import { notFound } from '../refusal.js';

/** Parts of a path. */
const DEEPEST = 32;
/** Names that Windows keeps for devices, with or without an ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i;

/**
 * The names of which a path is made, or undefined where it could mean anything but a file below a folder: steps up, absolute paths, drives and streams of Windows,
 * its separators, NUL and other control characters, hidden files.
 */
export function segmentsOf(path: string): string[] | undefined {
  return plain(path.split('/'));
}

/** The same of a path as it stands in an address, percent-encoded: a "/" that is encoded separates nothing. */
export function encodedSegmentsOf(raw: string): string[] | undefined {
  return plain(raw.split('/').map(decoded));
}

function plain(names: readonly (string | undefined)[]): string[] | undefined {
  return names.length <= DEEPEST && names.every(isPlain) ? (names as string[]) : undefined;
}

/** What stands in an address behind its first parts, still percent-encoded. */
export function restOf(context: Context, parts: number): string {
  const { pathname } = new URL(context.req.url);
  return pathname
    .split('/')
    .slice(1 + parts)
    .join('/');
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Whether a name is a file's or folder's and nothing else, on every system. */
function isPlain(name: string | undefined): boolean {
  if (name === undefined || name === '' || name.length > 255) return false;
  // Windows forgets dots and spaces at the end.
  return !/[\p{Cc}\p{Cs}/\\:*?"<>|]/u.test(name) && !name.startsWith('.') && !/[. ]$/.test(name) && !DEVICE.test(name);
}

/**
 * Opens a file below a folder for reading: a regular file that is reached without a symbolic link.
 * @throws Refusal (404) where there is none, whatever the reason.
 */
export async function openBelow(folder: string, segments: readonly string[]): Promise<{ file: FileHandle; size: number; modified: Date }> {
  const path = join(await realpath(folder), ...segments);
  let file: FileHandle | undefined;
  try {
    // A pipe without a writer would never open.
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const [opened, real] = [await file.stat(), await realpath(path)];
    const found = await stat(real);
    if (real === path && opened.isFile() && opened.ino === found.ino && opened.dev === found.dev)
      return { file, size: opened.size, modified: opened.mtime };
  } catch {
    // What the system says of it is nobody's business.
  }
  await file?.close();
  throw notFound('There is no such file');
}
