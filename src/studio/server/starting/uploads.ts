import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isRunning, makeFolder } from '../../../base/node/index.js';
import { notFound, Refusal } from '../refusal.js';
import { isCutOff } from '../serving/cut-off.js';
import { encodedSegmentsOf } from '../serving/paths.js';

/** What uploads may take. */
export interface UploadLimits {
  /** Bytes of one file. */
  readonly file: number;
  /** Bytes of all uploads to this studio together. */
  readonly total: number;
  /** Files of one upload. */
  readonly files: number;
  /** Uploads that no run was started with yet. */
  readonly waiting: number;
  /** Milliseconds after which an upload that nobody adds to or starts a run with is removed. */
  readonly idle: number;
}

export const UPLOAD_LIMITS: UploadLimits = { file: 2e9, total: 10e9, files: 100_000, waiting: 16, idle: 3_600_000 };

interface Upload {
  readonly folder: string;
  bytes: number;
  files: number;
  /** Files that are being written. */
  writing: number;
  touched: number;
}

/**
 * Files that pages send, each upload a folder. They wait in `.studio/uploads`, below a folder of this process, so that what a studio that was killed left can be told
 * and removed; a run that is started with one keeps it in `.studio/data`.
 */
export class Uploads {
  readonly #home: string;
  readonly #limits: UploadLimits;
  readonly #waiting = new Map<string, Upload>();
  /** Bytes of all uploads, those that runs keep among them. */
  #bytes = 0;

  constructor(root: string, limits: UploadLimits = UPLOAD_LIMITS) {
    this.#home = join(root, '.studio');
    this.#limits = limits;
  }

  get #own(): string {
    return join(this.#home, 'uploads', ownerName(process.pid));
  }

  /** @throws Refusal (409) where too many wait already. */
  create(): string {
    if (this.#waiting.size >= this.#limits.waiting)
      throw new Refusal(409, {
        what: 'Too many uploads wait for a run',
        expected: `at most ${this.#limits.waiting}`,
        fix: 'Start runs with them, or wait.',
      });
    const id = randomBytes(12).toString('hex');
    const folder = join(this.#own, id);
    makeFolder(folder);
    this.#waiting.set(id, { folder, bytes: 0, files: 0, writing: 0, touched: Date.now() });
    return id;
  }

  /**
   * Writes a file of an upload, wholly or not at all. @param path percent-encoded; @param declared its length as the request says it.
   * @throws Refusal: 404 without such an upload, 400 for a bad path or a request that was cut off, 409 where a folder is in the way, 413 where it is too much.
   */
  async write(id: string, path: string, contents: Readable, declared: number | undefined): Promise<void> {
    const upload = this.#found(id);
    const segments = encodedSegmentsOf(path);
    if (!segments)
      throw new Refusal(400, { what: 'Not the path of a file of an upload', expected: 'plain names, none hidden, parts joined by "/"' });
    const limits = this.#limits;
    if (upload.files + upload.writing >= limits.files)
      throw new Refusal(413, { what: 'Too many files', expected: `at most ${limits.files}` });
    if ((declared ?? 0) > Math.min(limits.file, limits.total - this.#bytes)) throw this.#tooLarge();
    const target = join(upload.folder, ...segments);
    const temporary = join(upload.folder, `.part-${randomBytes(6).toString('hex')}`);
    let bytes = 0;
    const counted = new Transform({
      transform: (chunk: Uint8Array, _, done) => {
        bytes += chunk.byteLength;
        upload.bytes += chunk.byteLength;
        this.#bytes += chunk.byteLength;
        done(bytes > limits.file || this.#bytes > limits.total ? this.#tooLarge() : null, chunk);
      },
    });
    upload.writing++;
    try {
      await pipeline(contents, counted, createWriteStream(temporary, { flags: 'wx', mode: 0o600 }));
      if (existsSync(target)) throw new Refusal(409, { what: 'The upload has a file of this name already', where: segments.join('/') });
      makeFolder(dirname(target));
      await rename(temporary, target);
      upload.files++;
    } catch (error) {
      await rm(temporary, { force: true });
      upload.bytes -= bytes;
      this.#bytes -= bytes;
      if (error instanceof Refusal) throw error;
      if (isCutOff(error)) throw new Refusal(400, { what: 'The upload was cut off', where: segments.join('/') });
      throw error;
    } finally {
      upload.writing--;
      upload.touched = Date.now();
    }
  }

  /** Where an upload lies. @throws Refusal (404). */
  folderOf(id: string): string {
    return this.#found(id).folder;
  }

  /** Keeps an upload for a run, from now on until somebody removes it by hand. @returns where it lies now. @throws Refusal (409) while a file is being written. */
  async keep(id: string): Promise<string> {
    const upload = this.#found(id);
    if (upload.writing > 0) throw new Refusal(409, { what: 'The upload has not ended' });
    const kept = join(this.#home, 'data', id);
    makeFolder(dirname(kept));
    this.#waiting.delete(id);
    await rename(upload.folder, kept);
    return kept;
  }

  /** Removes what nobody used for long, and what studios that were killed left. */
  async sweep(): Promise<void> {
    for (const [id, { touched, writing }] of this.#waiting)
      if (writing === 0 && Date.now() - touched > this.#limits.idle) await this.#remove(id);
    const all = join(this.#home, 'uploads');
    for (const name of await readdir(all).catch(() => [])) {
      const [, pid] = /^(\d+)@(.+)$/.exec(name) ?? [];
      if (pid !== undefined && name === ownerName(Number(pid)) && !isRunning(Number(pid)))
        await rm(join(all, name), { recursive: true, force: true });
    }
  }

  /** Removes all that wait. */
  async close(): Promise<void> {
    this.#waiting.clear();
    await rm(this.#own, { recursive: true, force: true });
  }

  async #remove(id: string): Promise<void> {
    const { folder, bytes } = this.#found(id);
    this.#waiting.delete(id);
    this.#bytes -= bytes;
    await rm(folder, { recursive: true, force: true });
  }

  #found(id: string): Upload {
    const upload = this.#waiting.get(id);
    if (upload) return upload;
    throw notFound('There is no such upload');
  }

  #tooLarge(): Refusal {
    const { file, total } = this.#limits;
    return new Refusal(413, { what: 'The upload is too large', expected: `at most ${file} bytes a file, ${total} in all` });
  }
}

/** Folders may be shared by machines, and each knows its own processes only. */
function ownerName(pid: number): string {
  return `${pid}@${hostname().replace(/[^A-Za-z0-9-]/g, '-')}`;
}
