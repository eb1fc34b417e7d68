import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ResourceError } from '../../../base/index.js';
import { makeFolder, temporaryName } from '../../../base/node/index.js';
import { Exchange, type ExchangeOptions, Garbled, jsonIn } from './exchange.js';
import { artefactPath, folderStore, sha256Of } from './folder-store.js';
import { type Artefact, kindOfArtefact, type Published, type Store } from './store.js';

/** Milliseconds for which a checkpoint is tried again: work under way need not wait for it. */
const BRIEF = 3000;

export interface HttpStoreOptions extends ExchangeOptions {
  /** The id of the run there. */
  readonly run: string;
  /** Where on this machine files are kept that were fetched or published. */
  readonly cache: string;
}

const published = z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** The artefacts of a run that a studio shows, by HTTP. @throws OptionError for what is no address. */
export function httpStore({ run, cache, ...options }: HttpStoreOptions): Store {
  const exchange = new Exchange(options);
  const local = folderStore(cache);
  const base = `/api/runs/${encodeURIComponent(run)}/store`;
  const isPassing = (name: string) => kindOfArtefact(name) === 'checkpoint';
  const patienceFor = (name: string) => (isPassing(name) ? BRIEF : options.patience);
  /** What of a checkpoint cannot be had or kept there is said, and this machine's own serves. */
  const orOwn = async <T>(name: string, ask: () => Promise<T>, own: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(name) || !(error instanceof ResourceError)) throw error;
      options.activity?.onMessage?.({ level: 'warning', text: `${name} stays on this machine. ${error.message}` });
      return own();
    }
  };
  const pathOf = (name: string) => {
    // What is no name is refused before it is asked for.
    artefactPath(cache, name);
    return `${base}/${name}`;
  };
  const look = (name: string) =>
    exchange.ask({ method: 'HEAD', path: pathOf(name) }, async (answer) => describedBy(answer), patienceFor(name));
  const fetched = async (name: string): Promise<string | undefined> => {
    const there = await look(name);
    if (!there) return undefined;
    if ((await local.look(name))?.sha256 === there.sha256) return local.fetch(name);
    const path = artefactPath(cache, name);
    makeFolder(dirname(path));
    const temporary = temporaryName(path);
    try {
      const asked = { method: 'GET', path: pathOf(name) } as const;
      if (!(await exchange.ask(asked, (answer) => received(answer, temporary), patienceFor(name)))) return undefined;
      await local.publish(name, temporary, { replace: true });
    } finally {
      await rm(temporary, { force: true });
    }
    return local.fetch(name);
  };
  const sent = async (name: string, path: string, replace: boolean): Promise<Published> => {
    const own = { bytes: (await stat(path)).size, sha256: await sha256Of(path) };
    const headers = {
      'Content-Length': String(own.bytes),
      'Repr-Digest': digestHeader(own.sha256),
      ...(!replace && { 'If-None-Match': '*' }),
    };
    const asked = { method: 'PUT', path: pathOf(name), headers, file: path } as const;
    const there = await exchange.ask(asked, async (answer) => parsedAnswer(await jsonIn(answer)), patienceFor(name));
    if (!there) throw new ResourceError({ what: 'The studio has no such run', where: `${exchange.address}, run "${run}"` });
    const isOwn = there.sha256 === own.sha256;
    if (isOwn) await local.publish(name, path, { replace: true });
    return { ...there, isOwn };
  };
  return {
    name: `${exchange.address}, run "${run}"`,
    look,
    fetch: (name) =>
      orOwn(
        name,
        () => fetched(name),
        () => local.fetch(name),
      ),
    publish: (name, path, { replace = false } = {}) =>
      orOwn(
        name,
        () => sent(name, path, replace),
        () => local.publish(name, path, { replace }),
      ),
    forget: async (stage) => {
      await local.forget(stage);
      const asked = { method: 'DELETE', path: `${base}/work/${encodeURIComponent(stage)}` } as const;
      // What is left there does no harm.
      await exchange
        .ask(asked, async () => undefined, BRIEF)
        .catch((error) => {
          if (!(error instanceof ResourceError)) throw error;
        });
    },
  };
}

/** How HTTP says a SHA-256 (RFC 9530). @param sha256 in hexadecimal digits. */
export function digestHeader(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
}

/** The SHA-256 that such a header says, in hexadecimal digits; undefined where it says none. */
export function digestIn(header: string | undefined): string | undefined {
  const [, text] = /(?:^|,\s*)sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header ?? '') ?? [];
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('hex');
}

function describedBy({ headers }: IncomingMessage): Artefact {
  const sha256 = digestIn(String(headers['repr-digest'] ?? ''));
  if (sha256 === undefined)
    throw new Garbled('The studio does not say what the file is: it is of another version, or something between changed the answer');
  return { bytes: Number(headers['content-length'] ?? 0), sha256 };
}

function parsedAnswer(answer: unknown): Artefact {
  const { data } = published.safeParse(answer);
  if (data) return data;
  throw new Garbled('The studio does not say what it has: it is of another version');
}

/** Writes what comes into a file. @throws Garbled where it is not what it is said to be. */
async function received(answer: IncomingMessage, path: string): Promise<true> {
  const { bytes, sha256 } = describedBy(answer);
  const hash = createHash('sha256');
  let got = 0;
  const measured = new Transform({
    transform: (part: Uint8Array, _, done) => {
      got += part.byteLength;
      hash.update(part);
      done(got > bytes ? new Garbled('More came than was announced') : null, part);
    },
  });
  await pipeline(answer, measured, createWriteStream(path));
  if (got !== bytes || hash.digest('hex') !== sha256) throw new Garbled(`A file was cut on the way: ${got} of ${bytes} bytes came whole`);
  return true;
}
