import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { byCodeUnit } from '../formats/labels.js';
import { isGzip, openForReading, readAt, stampOf, unreadable } from './files.js';
import { indexTar } from './tar.js';
import { unpackFile } from './unpack.js';

/** One file of a tree. */
export interface TreeFile {
  /** From the tree's root, with forward slashes. */
  path: string;
  /** Where it lies, if it is a file of its own: not within an archive. */
  at?: string;
  read(): Promise<Uint8Array>;
}

/** Files under names, wherever they lie: a folder, an archive, or several archives side by side. */
export interface FileTree {
  /** Changes whenever a file may have changed. */
  stamp: string;
  /** All files that are not hidden, sorted by path in plain string order. */
  list(): Promise<TreeFile[]>;
  close(): Promise<void>;
}

/** The files of a folder, at any depth; links are followed, but never in circles. */
export async function folderTree(root: string): Promise<FileTree> {
  const found: { path: string; stamp: string }[] = [];
  await walk(root, '', new Set(), found);
  found.sort((a, b) => byCodeUnit(a.path, b.path));
  const hash = createHash('sha256');
  for (const { path, stamp } of found) hash.update(`${path}\0${stamp}\n`);
  const files = found.map(({ path }) => fileAt(root, path));
  return { stamp: hash.digest('hex'), list: async () => files, close: async () => undefined };
}

function fileAt(root: string, path: string): TreeFile {
  const at = join(root, path);
  return { path, at, read: () => readFile(at) };
}

/** A single file as a tree of its own. */
export async function fileTree(path: string): Promise<FileTree> {
  const files = [fileAt(dirname(path), basename(path))];
  return { stamp: await stampOf(path), list: async () => files, close: async () => undefined };
}

async function walk(root: string, folder: string, above: ReadonlySet<string>, found: { path: string; stamp: string }[]): Promise<void> {
  const real = await realpath(join(root, folder));
  if (above.has(real)) return;
  const names = await readdir(join(root, folder)).catch((cause) => Promise.reject(unreadable(join(root, folder), cause)));
  for (const name of names.filter(isVisible)) {
    const path = folder ? `${folder}/${name}` : name;
    // Synchronous: one round through the thread pool for each of 50,000 files would take seconds.
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    if (stats?.isDirectory()) await walk(root, path, new Set([...above, real]), found);
    else if (stats?.isFile()) found.push({ path, stamp: `${stats.size}@${stats.mtimeMs}` });
  }
}

/**
 * The files of archives (.tar or .tar.gz), each under a name of its own where there are several.
 * @param archives path of each archive by the name that its files get as first folder; "" for none.
 * @param maxUnpacked most bytes that a gzipped archive may unpack to (default: see base/limits.ts).
 */
export async function archiveTree(
  archives: Readonly<Record<string, string>>,
  maxUnpacked?: number,
  signal?: AbortSignal,
): Promise<FileTree> {
  const stamps = await Promise.all(Object.values(archives).map(stampOf));
  const opened: Archive[] = [];
  return {
    stamp: stamps.join(' '),
    async list() {
      const files: TreeFile[] = [];
      for (const [name, path] of Object.entries(archives)) {
        const archive = await openArchive(path, maxUnpacked, signal);
        opened.push(archive);
        for (const file of await archiveFiles(archive.file, path, name)) files.push(file);
      }
      return files.sort((a, b) => byCodeUnit(a.path, b.path));
    },
    async close() {
      for (const archive of opened.splice(0)) await archive.close();
    },
  };
}

async function archiveFiles(file: FileHandle, archive: string, name: string): Promise<TreeFile[]> {
  const entries = await indexTar(file, archive);
  return entries
    .map(({ path, size, offset }) => ({
      path: [...(name ? [name] : []), ...path.split('/').filter((part) => part !== '' && part !== '.')].join('/'),
      async read() {
        const bytes = new Uint8Array(size);
        await readAt(file, bytes, offset, archive);
        return bytes;
      },
    }))
    .filter(({ path }) => isVisible(path));
}

interface Archive {
  file: FileHandle;
  close(): Promise<void>;
}

/** Opens a tar; a gzipped one is unpacked to a temporary file first, since it can be read only from the front. */
async function openArchive(path: string, maxUnpacked: number | undefined, signal: AbortSignal | undefined): Promise<Archive> {
  const file = await openForReading(path);
  const head = new Uint8Array(2);
  await file.read(head, 0, 2, 0);
  if (!isGzip(head)) return { file, close: () => file.close() };
  await file.close();
  const folder = await mkdtemp(join(tmpdir(), 'espalier-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const unpacked = join(folder, 'archive.tar');
    await unpackFile(path, unpacked, maxUnpacked, signal);
    const tar = await open(unpacked, 'r');
    return { file: tar, close: () => tar.close().then(remove) };
  } catch (cause) {
    await remove();
    throw cause;
  }
}

/** Hidden files and what macOS leaves in archives are no data. */
function isVisible(path: string): boolean {
  return path.split('/').every((part) => !part.startsWith('.') && part !== '__MACOSX');
}
