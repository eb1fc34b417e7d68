import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { Browser, Page } from 'playwright-core';
import { loaderSource } from '#dist/infrastructure/targets/wasm/index.js';
import { launchChromium, skipWithoutChromium } from '../../../support/browser/index.js';
import { families, quantized, sampleOf, tensorOf } from '../../../support/families.js';
import { arrays, instanceOf } from './compared.js';
import { type Compiled, compiled } from './models.js';

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

/** Posts what the model answers to each input that comes. */
const worker = `
import { load } from '/model.js';
const model = load();
onmessage = async ({ data }) => postMessage(Array.from((await model).run({ input: Float32Array.from(data) }).scores));
`;
/** Offers the model to whoever opens the page, as a page and through a worker. */
const script = `
import { load } from '/model.js';
const model = load();
globalThis.inPage = async (input) => Array.from((await model).run({ input: Float32Array.from(input) }).scores);
globalThis.inWorker = (input) => new Promise((resolve, reject) => {
  const other = new Worker('/worker.js', { type: 'module' });
  other.onmessage = ({ data }) => resolve(data);
  other.onerror = ({ message }) => reject(new Error(message));
  other.postMessage(input);
});
try {
  globalThis.refusal = new Function('return "nothing"')();
} catch ({ name }) {
  globalThis.refusal = name;
}
globalThis.isReady = true;
`;

const runtime = createNodeRuntime({ threads: 1 });
let browser: Browser;
let server: Server;
let model: Compiled;

before(async () => {
  if (skipWithoutChromium) return;
  const family = families.find(({ name }) => name === 'ds-cnn');
  assert.ok(family);
  model = await compiled(await quantized(family.build(), family.shape, runtime), runtime);
  const files: Readonly<Record<string, [string, string | Uint8Array]>> = {
    '/': ['text/html', '<!doctype html><script type="module" src="/script.js"></script>'],
    '/script.js': ['text/javascript', script],
    '/worker.js': ['text/javascript', worker],
    '/model.js': ['text/javascript', loaderSource(model.module, { file: 'model.wasm' })],
    '/model.wasm': ['application/wasm', model.module.bytes],
  };
  server = createServer((request, response) => {
    const [type, content] = files[request.url ?? ''] ?? [];
    if (!type) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  server?.close();
  await runtime.dispose();
});

async function opened(): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && !/favicon/.test(message.location().url) && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction('globalThis.isReady');
  return { page, problems };
}

test("in Chromium a page and a worker answer as Node does, under a policy of 'wasm-unsafe-eval' alone", {
  skip: skipWithoutChromium,
}, async () => {
  const values = sampleOf(model.lowered.inputs[0].shape, false, 21);
  const { memory, run } = instanceOf(model.module);
  const view = ({ port, address }: (typeof model.module.inputs)[number]) =>
    new arrays[port.buffer.type](memory.buffer, address, port.buffer.size);
  view(model.module.inputs[0]).set(tensorOf(model.lowered, values).data() as never);
  run();
  const wanted = Array.from(view(model.module.outputs[0]) as Float32Array);
  const { page, problems } = await opened();
  const input = JSON.stringify([...values]);
  assert.deepEqual(await page.evaluate(`inPage(${input})`), wanted);
  assert.deepEqual(await page.evaluate(`inWorker(${input})`), wanted);
  assert.deepEqual(problems, []);
  // The policy is in force: text is not run.
  assert.equal(await page.evaluate('refusal'), 'EvalError');
});
