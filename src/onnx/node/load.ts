import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { FormatError } from '../../base/index.js';
import type { Model } from '../model.js';
import type { ByteSource } from '../tensor.js';
import { decodeModel } from '../wire/decode.js';
import type { RandomAccess } from '../wire/skim.js';
import type { ExternalLocation } from '../wire/tensors.js';

/** Files are read in blocks of this many bytes while their structure is walked. */
const BLOCK = 1 << 16;

/**
 * Reads a model from a file. Weights stay in the file (and in files beside it) until they are used, so that opening a 2 GB model takes
 * milliseconds. Where the file is changed meanwhile, reading a weight throws; a writer that puts a new file in its place (as saveModel does)
 * changes it too, so read what is still wanted first.
 * @throws FormatError where the file is missing, is no ONNX model, or its external data is missing or lies outside the model's folder.
 */
export function loadModel(path: string): Model {
  const file = openFile(path, 'model');
  if (file.byteLength === 0) throw new FormatError({ what: 'The file is empty', where: path });
  return decodeModel(file, { source: path, external: (where, tensor) => openExternal(dirname(resolve(path)), where, tensor) });
}

/**
 * Bytes of a model on disk: of its file, and of the files beside it that hold its weights.
 * @throws FormatError as `loadModel` does.
 */
export function modelBytes(path: string): number {
  const file = openFile(path, 'model');
  const folder = dirname(resolve(path));
  const beside = new Set<string>();
  const external = (where: ExternalLocation, tensor: string) => {
    beside.add(resolve(folder, where.location));
    return openExternal(folder, where, tensor);
  };
  decodeModel(file, { source: path, external });
  return [...beside].reduce((sum, each) => sum + statSync(each).size, file.byteLength);
}

/**
 * The files beside a model that hold weights of it, as paths from its folder, in order; they need not be there.
 * @throws FormatError where the file is missing or no ONNX model, or one of them would lie outside its folder.
 */
export function weightFiles(path: string): string[] {
  const folder = dirname(resolve(path));
  const names = new Set<string>();
  const external = ({ location, offset, length }: ExternalLocation, tensor: string): ByteSource => {
    const place = resolve(folder, location);
    if (isAbsolute(location) || escapes(folder, place)) throw outside(location, tensor);
    names.add(relative(folder, place).split(sep).join('/'));
    const byteLength = length ?? (statSync(place, { throwIfNoEntry: false })?.size ?? offset) - offset;
    return { byteLength, read: () => new Uint8Array(byteLength) };
  };
  decodeModel(openFile(path, 'model'), { source: path, external });
  return [...names].sort();
}

function openFile(path: string, what: string): RandomAccess {
  try {
    if (!statSync(path).isFile()) throw new FormatError({ what: `The ${what} is not a file`, where: path });
    return new FileAccess(path);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    throw new FormatError(
      { what: code === 'ENOENT' ? `There is no such ${what} file` : `The ${what} file cannot be read (${code})`, where: path },
      { cause },
    );
  }
}

/** External data must lie in the model's folder or below: a model must not make its reader open other files. */
function openExternal(folder: string, { location, offset, length }: ExternalLocation, tensor: string): ByteSource {
  const where = `tensor "${tensor}"`;
  const path = resolve(folder, location);
  if (isAbsolute(location) || escapes(folder, path)) throw outside(location, tensor);
  let file: RandomAccess;
  try {
    if (escapes(realpathSync(folder), realpathSync(path))) throw outside(location, tensor);
    file = openFile(path, 'external data');
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new FormatError(
      {
        what: `The external data file "${location}" ${missing ? 'is missing' : 'cannot be read'}`,
        where,
        fix: `Copy it to ${join(folder, location)}.`,
      },
      { cause },
    );
  }
  const size = length ?? file.byteLength - offset;
  if (size < 0 || offset + size > file.byteLength) {
    throw new FormatError({
      what: `The external data file "${location}" is too short`,
      where,
      expected: `at least ${offset + (length ?? 0)} bytes`,
      got: `${file.byteLength}`,
      fix: 'It is incomplete; copy or export it again.',
    });
  }
  return { byteLength: size, read: () => file.read(offset, size, true) };
}

function escapes(from: string, to: string): boolean {
  const way = relative(from, to);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function outside(location: string, tensor: string): FormatError {
  return new FormatError({
    what: `External data points outside the model's folder`,
    where: `tensor "${tensor}"`,
    got: `"${location}"`,
    fix: 'Put the data file beside the model and export it with a relative location.',
  });
}

/** Reads a file by ranges, with one block cached for the many small reads of a walk. The file is open only while it is read. */
class FileAccess implements RandomAccess {
  readonly byteLength: number;
  readonly #path: string;
  readonly #identity: string;
  #block: Uint8Array = new Uint8Array(0);
  #blockStart = 0;

  constructor(path: string) {
    const stats = statSync(path);
    this.#path = path;
    this.#identity = identityOf(stats);
    this.byteLength = stats.size;
  }

  read(offset: number, length: number, own = false): Uint8Array {
    if (own || length > BLOCK) return this.#load(offset, length);
    if (offset < this.#blockStart || offset + length > this.#blockStart + this.#block.length) {
      this.#block = this.#load(offset, Math.min(BLOCK, this.byteLength - offset));
      this.#blockStart = offset;
    }
    return this.#block.subarray(offset - this.#blockStart, offset - this.#blockStart + length);
  }

  #load(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const handle = openSync(this.#path, 'r');
    try {
      const changed = () =>
        new FormatError({ what: 'The file was changed while its model was in use', where: this.#path, fix: 'Load the model again.' });
      if (identityOf(fstatSync(handle)) !== this.#identity) throw changed();
      for (let done = 0; done < length; ) {
        const count = readSync(handle, bytes, done, length - done, offset + done);
        if (count === 0) throw changed();
        done += count;
      }
    } finally {
      closeSync(handle);
    }
    return bytes;
  }
}

/** Tells a file from another one that took its name, and from itself before it was written to. */
function identityOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}
