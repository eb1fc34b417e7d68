import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { Refusal } from '../refusal.js';
import { openBelow } from './paths.js';

/** A part of a file, both ends included. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * Answers with a file below a folder, or with the one part of it that the request asks for.
 * @param headers what else is said of it.
 * @throws Refusal (404, 416).
 */
export async function sendFile(
  context: Context,
  folder: string,
  segments: readonly string[],
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const { file, size, modified } = await openBelow(folder, segments);
  try {
    const part = partOf(context.req.header('range'), size);
    const { start, end } = part ?? { start: 0, end: size - 1 };
    const described = {
      ...headers,
      'Accept-Ranges': 'bytes',
      'Content-Length': String(end - start + 1),
      'Last-Modified': modified.toUTCString(),
      ...(part && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    };
    const isEmpty = context.req.method === 'HEAD' || size === 0;
    if (isEmpty) await file.close();
    return new Response(isEmpty ? null : contents(file, start, end), { status: part ? 206 : 200, headers: described });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Closes the file at its end, or when whoever reads it goes away. */
function contents(file: FileHandle, start: number, end: number): ReadableStream<Uint8Array> {
  return Readable.toWeb(file.createReadStream({ start, end, autoClose: true })) as ReadableStream<Uint8Array>;
}

/** Undefined for the whole file: also where several parts are asked for, which servers may ignore. @throws Refusal (416) for what lies behind its end. */
function partOf(header: string | undefined, size: number): Part | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start <= end) return { start, end };
  throw new Refusal(416, { what: 'The file has no such part', got: `bytes ${header?.slice(6)} of ${size}` });
}
