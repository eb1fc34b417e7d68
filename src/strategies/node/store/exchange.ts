import { createReadStream } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Activity, EspalierError, OptionError, ResourceError, Stopped } from '../../../base/index.js';

/** Milliseconds between attempts: the last of them again and again, until so much time is over. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000, 30_000];
const PATIENCE = 600_000;
/** Milliseconds for which nothing comes before a connection counts as lost. */
const SILENCE = 60_000;
/** Milliseconds in which an answer may still come over a connection that takes no more. */
const GRACE = 200;
/** Bytes of an answer that describes something. */
const LONGEST_ANSWER = 65_536;

/** What is asked of the studio. */
export interface Asked {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A file that is sent. */
  readonly file?: string;
}

export interface ExchangeOptions {
  /** "http://10.0.0.5:8080". */
  readonly address: string;
  readonly token: string;
  readonly activity?: Activity;
  /** Milliseconds for which a connection is tried again. Default: ten minutes. */
  readonly patience?: number;
}

/** Whoever asks may not: the token is another, or nothing is written there. Another attempt would not help, and nothing about the work follows. */
export class StoreRefused extends ResourceError {
  override readonly name = 'StoreRefused';
}

/** What was sent or got is not what was meant: cut on the way, or changed. Another attempt may help. */
export class Garbled extends ResourceError {}

const refusal = z.object({ error: z.object({ message: z.string(), fix: z.string().optional() }) });

/** Requests to a studio. What the connection is to blame for is tried again with growing pauses, which is said. */
export class Exchange {
  readonly address: string;
  readonly #token: string;
  readonly #activity: Activity;
  readonly #patience: number;

  /** @throws OptionError for what is no address of a studio, or has a secret in it. */
  constructor({ address, token, activity = {}, patience = PATIENCE }: ExchangeOptions) {
    this.address = storeAddress(address);
    this.#token = token;
    this.#activity = activity;
    this.#patience = patience;
  }

  /**
   * Asks, and uses the answer: its head, and its body where it has one. Undefined where the studio has nothing there.
   * @param patience milliseconds, where it is not worth as much waiting as usual.
   * @throws StoreRefused; ResourceError once it was tried for long; Stopped when aborted.
   */
  async ask<T>(asked: Asked, use: (answer: IncomingMessage) => Promise<T>, patience = this.#patience): Promise<T | undefined> {
    const begun = performance.now();
    for (let attempt = 0; ; attempt++) {
      if (this.#activity.signal?.aborted) throw new Stopped('Stopped while the studio was waited for');
      try {
        return await this.#once(asked, use);
      } catch (cause) {
        if (this.#activity.signal?.aborted) continue;
        if (cause instanceof EspalierError && !(cause instanceof Garbled)) throw cause;
        const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
        const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)];
        if (performance.now() - begun + pause > patience) throw this.#lost(why, cause);
        const text = `The studio at ${this.address} cannot be reached (${why}): trying again in ${pause / 1000} s.`;
        this.#activity.onMessage?.({ level: 'warning', text });
        await sleep(pause, undefined, { signal: this.#activity.signal }).catch(() => undefined);
      }
    }
  }

  async #once<T>({ method, path, headers, file }: Asked, use: (answer: IncomingMessage) => Promise<T>): Promise<T | undefined> {
    const send = this.address.startsWith('https:') ? secureRequest : plainRequest;
    const outgoing = send(`${this.address}${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.#token}`, ...headers },
      signal: this.#activity.signal,
      timeout: SILENCE,
    });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('nothing came for a minute'), { code: 'ETIMEDOUT' })));
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
    });
    answered.catch(() => undefined);
    if (file === undefined) outgoing.end();
    // A refusal may come before all is sent, and the connection end right after it: then it is what counts.
    const sent = file === undefined ? answered : pipeline(createReadStream(file), outgoing).catch((cause) => afterwards(cause));
    const answer = await Promise.race([answered, sent.then(() => answered)]);
    try {
      const { statusCode = 0 } = answer;
      if (statusCode === 404) return undefined;
      if (statusCode >= 300) throw await this.#refused(answer);
      return await use(answer);
    } finally {
      answer.resume();
    }
  }

  async #refused(answer: IncomingMessage): Promise<Error> {
    const { statusCode = 0 } = answer;
    const { data } = refusal.safeParse(await jsonIn(answer).catch(() => undefined));
    // An answer to HEAD has no words.
    const unsaid = statusCode === 401 ? 'The token is missing or wrong' : `The studio answers with status ${statusCode}`;
    const what = data?.error.message.replace(/\.$/, '') ?? unsaid;
    if (statusCode === 409) return new Garbled({ what, where: this.address });
    if (statusCode >= 500 || statusCode === 429) return new Error(`status ${statusCode}`);
    const fix = statusCode === 401 ? TOKEN : data?.error.fix;
    return new StoreRefused({ what, where: this.address, fix });
  }

  #lost(why: string, cause: unknown): ResourceError {
    const fix = 'Is "espalier studio" running there, with --host so that this machine reaches it?';
    return new ResourceError({ what: `The studio could not be reached (${why})`, where: this.address, fix }, { cause });
  }
}

/** Throws what was caught, but a moment later. */
async function afterwards(cause: unknown): Promise<never> {
  await sleep(GRACE);
  throw cause;
}

const TOKEN =
  'Give the token that the studio was started with: in the environment variable ESPALIER_TOKEN, or in a file that --token-file names.';

/** What an answer says as JSON; not checked. @throws Garbled for what is none, or too long. */
export async function jsonIn(answer: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) {
    text += part;
    if (text.length > LONGEST_ANSWER) throw new Garbled('The answer of the studio is too long');
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Garbled('The answer of the studio is no JSON', { cause });
  }
}

/** An address as it is asked: without a slash at its end. @throws OptionError for what is none, or holds a token. */
export function storeAddress(text: string): string {
  const where = '--store';
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new OptionError({ what: 'Not the address of a studio', where, expected: 'such as http://10.0.0.5:8080', got: text });
  const { origin, pathname, search, username, password } = new URL(text);
  if (search || username || password)
    throw new OptionError({
      what: 'A token does not belong into the address: whoever lists the processes of this machine reads it',
      where,
      expected: `${origin}`,
      fix: TOKEN,
    });
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
