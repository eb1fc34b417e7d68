import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { allowed, EspalierError, FormatError, type GrowthLimit, Stopped, UNPACKED_IN_MEMORY, UNPACKED_ON_DISK } from '../../base/index.js';
import { fileError } from '../../base/node/index.js';

const unzip = promisify(gunzip);

/** What a stream may unpack to, in bytes: as was asked for, else what base/limits.ts allows for its packed size. */
export function mostUnpacked(packed: number, limit: GrowthLimit, asked: number | undefined): number {
  return asked ?? allowed(limit, packed);
}

export function tooLarge(where: string, most: number): FormatError {
  return new FormatError({
    what: `It unpacks to more than ${most} bytes`,
    where,
    fix: 'If it is meant to be so large, allow it with --max-unpacked SIZE (maxUnpacked).',
  });
}

/** A gzip stream unpacked into memory. @throws FormatError when it is damaged or unpacks to too much, which is noticed on the way. */
export async function unpackGzip(bytes: Uint8Array, where: string, asked: number | undefined): Promise<Uint8Array> {
  const most = Math.min(mostUnpacked(bytes.length, UNPACKED_IN_MEMORY, asked), UNPACKED_IN_MEMORY.ceiling);
  return unzip(bytes, { maxOutputLength: most }).catch((cause) => {
    if (cause.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(where, most);
    throw damaged('The gzip stream is damaged', where, cause);
  });
}

/** A gzipped file unpacked to another file. @throws FormatError as `unpackGzip`; ResourceError where the disk is full; Stopped. */
export async function unpackFile(path: string, target: string, asked: number | undefined, signal?: AbortSignal): Promise<void> {
  const most = mostUnpacked((await stat(path)).size, UNPACKED_ON_DISK, asked);
  let done = 0;
  const counter = new Transform({
    transform(chunk: Uint8Array, _, next) {
      done += chunk.length;
      next(done > most ? tooLarge(path, most) : null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), counter, createWriteStream(target), { signal });
  } catch (cause) {
    if (signal?.aborted) throw new Stopped({ what: 'Unpacking was stopped', where: path });
    if (cause instanceof EspalierError) throw cause;
    throw (cause as NodeJS.ErrnoException).syscall === undefined
      ? damaged('The archive cannot be unpacked', path, cause)
      : fileError('The archive could not be unpacked', target, cause);
  }
}

function damaged(what: string, where: string, cause: unknown): FormatError {
  return new FormatError({ what: `${what} (${(cause as Error).message})`, where, fix: 'Download or pack the file again' }, { cause });
}
