import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { Refusal } from '../refusal.js';

/** Bytes of a JSON body. */
const LONGEST_BODY = 256 * 1024;

/** Refuses longer bodies before they are read to their end. */
export const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: LONGEST_BODY,
  onError: () => {
    throw new Refusal(413, { what: 'The request is too long', expected: `at most ${LONGEST_BODY} bytes` });
  },
});

/** The request's JSON. @throws Refusal (400) where it is none. */
export async function jsonOf(context: Context): Promise<unknown> {
  // A form on another site cannot send this type.
  if (!/^application\/json\s*(;|$)/i.test(context.req.header('content-type') ?? ''))
    throw new Refusal(400, { what: 'Not a JSON request', expected: 'Content-Type: application/json' });
  try {
    return JSON.parse(await context.req.text());
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal(400, { what: 'The request is no JSON' });
    throw error;
  }
}

/** The request's JSON by a schema. @throws Refusal (400) that says which field is wrong. */
export async function parsedBody<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const { data, error } = schema.safeParse(await jsonOf(context));
  if (data !== undefined) return data;
  const [issue] = (error as z.ZodError).issues;
  throw new Refusal(400, {
    what: 'The request is not as it should be',
    where: issue.path.map(String).join('.') || 'it',
    got: issue.message,
  });
}
