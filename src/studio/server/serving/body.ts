import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import type { z } from 'zod';
import { Refusal } from '../refusal.js';
import type { Env } from './env.js';

/** Bytes of a JSON body. */
const LONGEST_BODY = 256 * 1024;

/** The request's JSON. @throws Refusal: 400 where it is none, 413 where it is too long, which is found before it is read to its end. */
export async function jsonOf(context: Context<Env>): Promise<unknown> {
  // A form on another site cannot send this type.
  if (!/^application\/json\s*(;|$)/i.test(context.req.header('content-type') ?? ''))
    throw new Refusal(400, { what: 'Not a JSON request', expected: 'Content-Type: application/json' });
  const text = await textOf(context.env.incoming);
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new Refusal(400, { what: 'The request is no JSON' });
    throw cause;
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = Number(incoming.headers['content-length'] ?? 0);
  requireShort(bytes);
  bytes = 0;
  try {
    // Who is refused is still to be answered.
    for await (const part of incoming.iterator({ destroyOnReturn: false })) {
      bytes += part.byteLength;
      requireShort(bytes);
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(400, { what: 'The request was cut off' });
  }
  return Buffer.concat(parts).toString('utf8');
}

function requireShort(bytes: number): void {
  if (bytes > LONGEST_BODY) throw new Refusal(413, { what: 'The request is too long', expected: `at most ${LONGEST_BODY} bytes` });
}

/** The request's JSON by a schema. @throws Refusal as `jsonOf`, and 400 that says which field is wrong. */
export async function parsedBody<T>(context: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const { data, error } = schema.safeParse(await jsonOf(context));
  if (data !== undefined) return data;
  const [issue] = (error as z.ZodError).issues;
  throw new Refusal(400, {
    what: 'The request is not as it should be',
    where: issue.path.map(String).join('.') || 'it',
    got: issue.message,
  });
}
