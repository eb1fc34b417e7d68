import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { after, before } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { root } from '../paths.js';

const candidates = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = candidates.find((path) => path && existsSync(path));

/** The `skip` option of a test that needs a browser. */
export const skipWithoutChromium = executablePath ? false : 'no Chromium is installed; set CHROMIUM_PATH to one';

/**
 * Starts Chromium. @param webgpu whether pages have WebGPU, in software: Chromium brings SwiftShader. Where they have, drawing goes through it, too, and stands still now and then
 * in pages that draw much; default true.
 */
export async function launchChromium({ webgpu = true } = {}): Promise<Browser> {
  const drawing = webgpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'] : ['--disable-gpu'];
  return chromium.launch({ executablePath, timeout: 0, args: ['--no-sandbox', '--disable-background-networking', ...drawing] });
}

/** A browser and a server for the tests of a suite, started before the first of them and closed after the last. */
export function useBrowser(): { open(path: string): ReturnType<typeof openPage> } {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveRepository>>;
  before(async () => {
    [browser, server] = await Promise.all([launchChromium(), serveRepository()]);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  return { open: (path) => openPage(browser, `${server.address}${path}`) };
}

/** Opens a page of the server that knows Espalier's modules by their names, and collects what goes wrong in it. */
export async function openPage(browser: Browser, address: string): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage();
  // A busy machine takes as long as it takes: what is waited for comes or fails.
  page.setDefaultTimeout(0);
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(address);
  return { page, problems };
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
/** What the server hands out of the repository. */
const open = ['dist', 'build', 'node_modules', 'assets'];

/** A server of the repository's files, and of an empty page: /isolated/ is cross-origin isolated and may have threads, /plain/ is not. */
export async function serveRepository(): Promise<{ address: string; close: () => void }> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)).slice(1);
    const [folder, ...rest] = path.split('/');
    if (folder !== 'plain') {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    if ((folder === 'isolated' || folder === 'plain') && rest.join('') === '') {
      response.setHeader('Content-Type', 'text/html');
      response.end(page());
      return;
    }
    const file = join(root, path);
    if (!open.includes(folder) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: addressOf(server), close: () => server.close() };
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function page(): string {
  const map = JSON.stringify({ imports: { ...espalierModules(), ...dependencies } }, undefined, 2);
  return `<!doctype html><title>test</title><link rel="icon" href="data:,"><script type="importmap">${map}</script>`;
}

const dependencies = {
  '@bufbuild/protobuf': '/node_modules/@bufbuild/protobuf/dist/esm/index.js',
  '@bufbuild/protobuf/codegenv2': '/node_modules/@bufbuild/protobuf/dist/esm/codegenv2/index.js',
  'csv-parse/browser/esm/sync': '/node_modules/csv-parse/dist/esm/sync.js',
  '@bufbuild/protobuf/wire': '/node_modules/@bufbuild/protobuf/dist/esm/wire/index.js',
  fflate: '/node_modules/fflate/esm/browser.js',
  'node:assert/strict': '/build/tests/support/browser/assert.js',
  'onnxruntime-web/wasm': '/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs',
  'onnxruntime-web/webgpu': '/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs',
  zod: '/node_modules/zod/index.js',
};

/** What package.json exports, but for what is for Node. */
function espalierModules(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, { default: string }> };
  const pairs = Object.entries(exports).filter(([name]) => name !== '.' && name !== './cli' && !/\/node(\/|$)/.test(name));
  return Object.fromEntries(pairs.map(([name, target]) => [`espalier${name.slice(1)}`, target.default.slice(1)]));
}
