import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Context, Hono } from 'hono';
import { makeFolder, temporaryName } from '../../../base/node/index.js';
import {
  type Artefact,
  artefactPath,
  digestHeader,
  digestIn,
  folderStore,
  isStageName,
  kindOfArtefact,
  type Store,
} from '../../../strategies/node/index.js';
import { notFound, Refusal } from '../refusal.js';
import { isCutOff } from '../serving/cut-off.js';
import type { Env } from '../serving/env.js';
import { encodedSegmentsOf, openBelow, restOf } from '../serving/paths.js';
import { sendFile } from '../serving/send-file.js';
import type { Runs } from './runs.js';

export interface StoreRoutesOptions {
  readonly runs: Pick<Runs, 'folderOf'>;
  readonly isReadOnly: boolean;
  /** Bytes of a file that workers may leave. Default: 10 GB. */
  readonly artefact?: number;
}

/**
 * The artefacts of runs, for workers whose machines do not share the runs' folders: `GET` and `HEAD` with the digest of what is sent, `PUT` of what is whole and under the digest that was
 * announced (with `If-None-Match: *` the first writer wins, and the answer says what is there), `DELETE` of a stage's checkpoints.
 */
export function storeRoutes({ runs, isReadOnly, artefact: largest = 10e9 }: StoreRoutesOptions): Hono<Env> {
  const routes = new Hono<Env>();
  /** By folder: each knows the digests of files that did not change. */
  const stores = new Map<string, Store>();
  const storeIn = (folder: string): Store => {
    const store = stores.get(folder) ?? folderStore(folder);
    stores.set(folder, store);
    return store;
  };
  const requireWriting = () => {
    if (isReadOnly)
      throw new Refusal(403, { what: 'The studio only shows runs', fix: 'Start it without --read-only for workers to leave models.' });
  };

  routes.get('/:id/store/*', async (context) => {
    const name = nameIn(context);
    const folder = await runs.folderOf(context.req.param('id'));
    const segments = segmentsOf(folder, name);
    // No digest of what is not sent: a link, a pipe.
    await (await openBelow(folder, segments)).file.close();
    const there = await storeIn(folder).look(name);
    if (!there) throw notFound('There is no such file');
    return sendFile(context, folder, segments, { 'Content-Type': 'application/octet-stream', 'Repr-Digest': digestHeader(there.sha256) });
  });

  routes.put('/:id/store/*', async (context) => {
    requireWriting();
    const name = nameIn(context);
    const announced = announcedBy(context, name, largest);
    const folder = await runs.folderOf(context.req.param('id'));
    const target = await placeFor(folder, name);
    const temporary = temporaryName(target);
    try {
      await receive(context.env.incoming, temporary, announced);
      const replace = context.req.header('if-none-match') !== '*';
      const { bytes, sha256, isOwn } = await storeIn(folder).publish(name, temporary, { replace });
      return context.json({ bytes, sha256 }, isOwn ? 201 : 200);
    } finally {
      await rm(temporary, { force: true });
    }
  });

  routes.delete('/:id/store/work/:stage', async (context) => {
    requireWriting();
    const stage = context.req.param('stage');
    if (!isStageName(stage)) throw notFound('There is no such stage');
    const folder = await runs.folderOf(context.req.param('id'));
    await placeFor(folder, `work/${stage}/any.checkpoint`);
    await storeIn(folder).forget(stage);
    return context.body(null, 204);
  });

  return routes;
}

/** @throws Refusal (404) for what is no name of an artefact. */
function nameIn(context: Context<Env>): string {
  const name = encodedSegmentsOf(restOf(context, 4))?.join('/');
  if (name !== undefined && kindOfArtefact(name) !== undefined) return name;
  throw notFound('There is no such file');
}

function segmentsOf(folder: string, name: string): string[] {
  return relative(folder, artefactPath(folder, name)).split(sep);
}

/** What a request says that it sends. @throws Refusal: 400 where it does not say it, 413 where it is too much. */
function announcedBy(context: Context<Env>, name: string, largest: number): Artefact {
  const bytes = Number(context.req.header('content-length') ?? Number.NaN);
  const sha256 = digestIn(context.req.header('repr-digest'));
  if (!Number.isSafeInteger(bytes) || sha256 === undefined)
    throw new Refusal(400, {
      what: 'The request does not say what it sends',
      expected: 'Content-Length, and Repr-Digest with its SHA-256',
    });
  if (kindOfArtefact(name) === 'input' && name !== `inputs/${sha256}`)
    throw new Refusal(400, { what: 'The file is named by another SHA-256 than its own', where: name, got: sha256 });
  if (bytes > largest)
    throw new Refusal(413, { what: 'The file is too large', where: name, expected: `at most ${largest} bytes`, got: String(bytes) });
  return { bytes, sha256 };
}

/** Where a file is to lie; its folder is there then. @throws Refusal (404) where a symbolic link leads elsewhere. */
async function placeFor(folder: string, name: string): Promise<string> {
  const real = await realpath(folder);
  const target = artefactPath(real, name);
  let above = real;
  for (const part of relative(real, dirname(target)).split(sep)) {
    above = join(above, part);
    if ((await realpath(above).catch(() => above)) !== above) throw notFound('There is no such file');
  }
  makeFolder(above);
  return join(above, basename(target));
}

/** Writes what comes. @throws Refusal: 400 where it is cut off, 409 where it is not what was announced. */
async function receive(incoming: Readable, path: string, { bytes, sha256 }: Artefact): Promise<void> {
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform: (part: Uint8Array, _, done) => {
      hash.update(part);
      done(null, part);
    },
  });
  try {
    await pipeline(incoming, hashed, createWriteStream(path, { flags: 'wx', mode: 0o644 }));
  } catch (error) {
    if (isCutOff(error)) throw new Refusal(400, { what: 'The upload was cut off' });
    throw error;
  }
  if (hash.digest('hex') !== sha256)
    throw new Refusal(409, { what: 'What came is not what was announced', expected: `${bytes} bytes with SHA-256 ${sha256}` });
}
