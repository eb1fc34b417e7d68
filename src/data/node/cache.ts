import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm, statfs, utimes } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { BYTE_UNITS, EspalierError, OptionError, parseQuantity } from '../../base/index.js';
import { cacheEntries, fileError, makeFolder, removeLeftovers, temporaryName, trimCache } from '../../base/node/index.js';
import { openForReading, readAt } from './files.js';

/*
 * A cache file is the samples' bytes one after the other, then the description as JSON, then its length (4 bytes, little-endian) and the mark.
 * The mark comes last and the file gets its name when all is written: a file with name and mark is whole.
 */
const MARK = 'ESPDATA1';
const TAIL = 4 + MARK.length;

/** Where decoded samples are kept unless an option says otherwise. */
export function defaultCacheFolder(): string {
  const { ESPALIER_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (ESPALIER_CACHE) return ESPALIER_CACHE;
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'espalier', 'cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'espalier');
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'espalier');
}

/** The least that a cache may take unless it is told otherwise, and its share of a larger disk. */
const [LEAST, SHARE] = [20e9, 0.1];

/**
 * Bytes that a cache in a folder, which need not be there yet, may take: as many as ESPALIER_CACHE_SIZE says ("50GB"), else a tenth of the disk and at least 20 GB.
 * @throws OptionError where the variable says no size.
 */
export async function cacheLimit(folder: string): Promise<number> {
  const { ESPALIER_CACHE_SIZE: given } = process.env;
  if (given === undefined || given === '') {
    let there = resolve(folder);
    while (!existsSync(there) && there !== dirname(there)) there = dirname(there);
    const disk = await statfs(there).catch(() => undefined);
    return Math.max(LEAST, disk ? SHARE * disk.blocks * disk.bsize : 0);
  }
  const bytes = parseQuantity(given, BYTE_UNITS);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new OptionError({ what: 'Not a size of a cache', where: 'ESPALIER_CACHE_SIZE', expected: 'such as 50GB', got: given });
}

/** The wanted folder, made if need be; the system's temporary folder where that is impossible and nobody asked for that very one. */
export async function cacheFolder(wanted: string | undefined): Promise<string> {
  try {
    return await writableFolder(wanted ?? defaultCacheFolder());
  } catch (cause) {
    if (wanted === undefined) return writableFolder(join(tmpdir(), 'espalier-cache'));
    throw new EspalierError(
      { what: `The cache folder cannot be used (${(cause as Error).message})`, where: wanted, fix: 'Name another folder' },
      { cause },
    );
  }
}

async function writableFolder(path: string): Promise<string> {
  makeFolder(path);
  const probe = join(path, `.probe.${process.pid}.${randomBytes(4).toString('hex')}`);
  await (await open(probe, 'wx')).close();
  await rm(probe);
  return path;
}

/** The name of the cache file for something read with some options: the same thing has the same name, also after it changed. */
export function cacheName(label: string, key: unknown): string {
  const plain = label.replace(/[^\w.-]+/g, '-').slice(-40);
  return `${plain}-${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16)}.data`;
}

const NAME = /-[0-9a-f]{16}\.data$/;
/** And of what is written, under a temporary name; what is old was left by a process that was killed, perhaps on another machine. */
const PARTIAL = /-[0-9a-f]{16}\.data\..+\.tmp$/;

/** Removes the cache files of a folder that were used longest ago, where all of them take more than they may. */
async function trim(folder: string, limit: number): Promise<void> {
  const isOurs = (name: string) => NAME.test(name) || PARTIAL.test(name);
  await trimCache(await cacheEntries(folder, (name, found) => isOurs(name) && found.isFile()), limit);
}

/** The description in a cache file, which counts as used now; undefined where there is no whole one. */
export async function readDescription(path: string): Promise<unknown> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(TAIL);
    await readAt(file, tail, size - TAIL, path);
    if (tail.toString('latin1', 4) !== MARK) return undefined;
    const length = tail.readUInt32LE(0);
    if (length > size - TAIL) return undefined;
    const text = Buffer.alloc(length);
    await readAt(file, text, size - TAIL - text.length, path);
    const description: unknown = JSON.parse(text.toString('utf8'));
    const now = new Date();
    // What is read on a disk that nothing can be written to is used all the same.
    await utimes(path, now, now).catch(() => undefined);
    return description;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

/** The samples' bytes of a cache file, whole. */
export async function readSamples(path: string, length: number): Promise<Uint8Array> {
  const file = await openForReading(path);
  const bytes = new Uint8Array(length);
  await readAt(file, bytes, 0, path).finally(() => file.close());
  return bytes;
}

/** Writes a cache file under a temporary name; `finish` gives it its own, `abandon` removes it. */
export class CacheWriter {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #written = 0;

  private constructor(
    readonly path: string,
    readonly temporary: string,
    readonly file: FileHandle,
    readonly limit: number,
  ) {}

  static async open(path: string): Promise<CacheWriter> {
    const limit = await cacheLimit(dirname(path));
    await removeLeftovers(dirname(path), (name) => NAME.test(name)).catch(() => undefined);
    const temporary = temporaryName(path);
    return new CacheWriter(path, temporary, await open(temporary, 'wx'), limit);
  }

  /** Keeps the bytes; they must not change afterwards. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= 1 << 22) await this.#flush();
  }

  /** Forgets what was written, to begin again. */
  async restart(): Promise<void> {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#written = 0;
    await this.file.truncate(0);
  }

  async finish(description: unknown): Promise<void> {
    const text = Buffer.from(JSON.stringify(description));
    const tail = Buffer.alloc(TAIL);
    tail.writeUInt32LE(text.length, 0);
    tail.write(MARK, 4, 'latin1');
    await this.write(Buffer.concat([text, tail]));
    await this.#flush();
    await this.file.sync();
    await this.file.close();
    await rename(this.temporary, this.path);
    // What cannot be removed is no reason not to go on.
    await trim(dirname(this.path), this.limit).catch(() => undefined);
  }

  async abandon(): Promise<void> {
    await this.file.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done, this.#written + done);
        done += bytesWritten;
      }
    } catch (cause) {
      throw fileError('Decoded samples could not be kept', dirname(this.path), cause);
    }
    this.#written += bytes.length;
  }
}
