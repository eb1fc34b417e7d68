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

/** What a model answers to numbers, in a page and in a worker. */
const answer = `
export async function answer([name, type, numbers]) {
  const { load } = await import('/' + name + '.js');
  const input = globalThis[type].from(numbers, type.startsWith('Big') ? BigInt : Number);
  return Array.from((await load()).run({ input }).scores);
}
`;
const worker = `
import { answer } from '/answer.js';
onmessage = async ({ data }) => postMessage(await answer(data));
`;
const script = `
import { answer } from '/answer.js';
globalThis.inPage = answer;
globalThis.inWorker = (request) => new Promise((resolve, reject) => {
  const other = new Worker('/worker.js', { type: 'module' });
  other.onmessage = ({ data }) => resolve(data);
  other.onerror = ({ message }) => reject(new Error(message));
  other.postMessage(request);
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
const files = new Map<string, readonly [type: string, content: string | Uint8Array]>([
  ['/', ['text/html', '<!doctype html><script type="module" src="/script.js"></script>']],
  ['/script.js', ['text/javascript', script]],
  ['/worker.js', ['text/javascript', worker]],
  ['/answer.js', ['text/javascript', answer]],
]);

/** Puts a model where pages find it. @returns what is asked of it, and what Node's WebAssembly answers. */
function served(name: string, { lowered, module }: Compiled, values: Float32Array): { request: unknown; wanted: number[] } {
  files.set(`/${name}.js`, ['text/javascript', loaderSource(module, { file: `${name}.wasm` })]);
  files.set(`/${name}.wasm`, ['application/wasm', module.bytes]);
  const { memory, run } = instanceOf(module);
  const view = ({ port, address }: (typeof module.inputs)[number]) =>
    new arrays[port.buffer.type](memory.buffer, address, port.buffer.size);
  const input = view(module.inputs[0]);
  input.set(tensorOf(lowered, values).data() as never);
  run();
  return {
    request: [name, input.constructor.name, [...values]],
    wanted: Array.from(view(module.outputs[0]) as Float32Array),
  };
}

before(async () => {
  if (skipWithoutChromium) return;
  server = createServer((request, response) => {
    const [type, content] = files.get(request.url ?? '') ?? [];
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

test("in Chromium pages answer as Node does, under a policy of 'wasm-unsafe-eval' alone", { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await opened();
  for (const { name, shape, isText, build } of families)
    for (const type of ['float', 'int8']) {
      const model = type === 'float' ? build() : await quantized(build(), shape, runtime, isText);
      const { request, wanted } = served(`${name}-${type}`, await compiled(model, runtime), sampleOf(shape, isText, 21));
      assert.deepEqual(await page.evaluate(`inPage(${JSON.stringify(request)})`), wanted, `${name}, ${type}`);
      if (name === 'ds-cnn')
        assert.deepEqual(await page.evaluate(`inWorker(${JSON.stringify(request)})`), wanted, `${name}, ${type}, in a worker`);
    }
  assert.deepEqual(problems, []);
  // The policy is in force: text is not run.
  assert.equal(await page.evaluate('refusal'), 'EvalError');
});
