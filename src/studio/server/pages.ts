import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { lookup } from '../../base/index.js';
import { notFound } from './refusal.js';
import { encodedSegmentsOf, restOf } from './serving/paths.js';
import { sendFile } from './serving/send-file.js';

/** What Vite built, beside this module in dist/. */
export const WEB = fileURLToPath(new URL('../web', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  wasm: 'application/wasm',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  map: 'application/json',
  txt: 'text/plain; charset=utf-8',
};

/**
 * The studio's own pages: `/` is index.html, `/device` is device.html where there is one, and index.html else. They are the same for everyone and hold nothing of any
 * run, so that they need no token: what they show they ask for.
 */
export function pages(folder = WEB): Hono {
  const routes = new Hono();
  routes.get('*', async (context): Promise<Response> => {
    const rest = restOf(context, 0);
    const segments = rest === '' ? ['index.html'] : encodedSegmentsOf(rest);
    if (!segments) throw notFound('There is no such page');
    if (!existsSync(join(folder, 'index.html'))) return context.text(UNBUILT, 503);
    const path = segments.length > 1 || segments[0].includes('.') ? segments : [entryFor(segments[0], folder)];
    return sendFile(context, folder, path, headersFor(path));
  });
  return routes;
}

const UNBUILT = 'The pages of the studio are not built: run "npm run build" in the clone, then load this page again. The API answers.\n';

/** A page has a file of its own, or is a part of the one page. */
function entryFor(name: string, folder: string): string {
  return existsSync(join(folder, `${name}.html`)) ? `${name}.html` : 'index.html';
}

function headersFor(path: readonly string[]): Record<string, string> {
  const ending = /\.(\w+)$/.exec(path.at(-1) as string)?.[1].toLowerCase() ?? '';
  // Vite names what it puts there by its contents.
  const isNamedByContents = path.length > 1 && path[0] === 'assets';
  return {
    'Content-Type': lookup(TYPES, ending) ?? 'application/octet-stream',
    'Cache-Control': isNamedByContents ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}
