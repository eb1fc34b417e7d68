import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { launchChromium } from '../browser/index.js';

/** An input, in the array that loaders take. */
export interface Feed {
  readonly name: string;
  readonly elements: ArrayBufferView & { readonly [Symbol.toStringTag]: string };
}

/** What `run` of a loader returns. */
export type Answer = Readonly<Record<string, ArrayBufferView>>;

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/** Runs the model of the page's folder, and sends the bytes of its outputs to the server. */
const script = `
import { load } from '/model.js';
globalThis.answer = async (inputs, outputs) => {
  const bytes = await (await fetch('/inputs')).arrayBuffer();
  const feeds = {};
  let at = 0;
  for (const [name, type, length] of inputs) {
    feeds[name] = new globalThis[type](bytes.slice(at, at + length));
    at += length;
  }
  const answer = (await load()).run(feeds);
  await fetch('/outputs', { method: 'POST', body: new Blob(outputs.map((name) => answer[name])) });
};
globalThis.isReady = true;
`;

/**
 * Runs model.js and model.wasm of a folder in a page of Chromium, under a policy of 'wasm-unsafe-eval'.
 * @returns bytes of the outputs, one after the other. @throws where the page reports an error.
 */
export async function runInChromium(folder: string, feeds: readonly Feed[], outputs: readonly string[]): Promise<Uint8Array> {
  const parts = feeds.map(({ elements: { buffer, byteOffset, byteLength } }) => Buffer.from(buffer, byteOffset, byteLength));
  const received: Buffer[] = [];
  const files = new Map<string, readonly [type: string, content: () => string | Uint8Array]>([
    ['/', ['text/html', () => '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>']],
    ['/script.js', ['text/javascript', () => script]],
    ['/model.js', ['text/javascript', () => readFileSync(join(folder, 'model.js'))]],
    ['/model.wasm', ['application/wasm', () => readFileSync(join(folder, 'model.wasm'))]],
    ['/inputs', ['application/octet-stream', () => Buffer.concat(parts)]],
  ]);
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      request.on('data', (chunk: Buffer) => received.push(chunk)).on('end', () => response.end());
      return;
    }
    const [type, content] = files.get(request.url ?? '') ?? [];
    if (!type || !content) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(content());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(addressOf(server));
    await page.waitForFunction('globalThis.isReady');
    const inputs = feeds.map(({ name, elements }) => [name, elements[Symbol.toStringTag], elements.byteLength]);
    await page.evaluate(`answer(${JSON.stringify(inputs)}, ${JSON.stringify(outputs)})`);
    return new Uint8Array(Buffer.concat(received));
  } finally {
    await browser.close();
    server.close();
  }
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
