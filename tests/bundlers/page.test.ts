import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type App, makeApp } from '../support/app.js';
import { launchChromium, openPage, skipWithoutChromium } from '../support/browser/index.js';
import { builds, buildWithEsbuild } from './builds.js';
import { type Headers, serve } from './serve.js';

/** What the page is asked; the answer of a model that runs is 256. */
type Ask = { threads?: number; backend?: 'webgpu' };

describe('bundles of the packed package in a page', { skip: skipWithoutChromium }, () => {
  let app: App;
  let browser: Browser;
  before(async () => {
    app = makeApp();
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    app?.remove();
  });

  /** Opens a bundle and hands over a way to ask its page. */
  async function inPage(
    out: string,
    headers: Headers,
    work: (ask: (given: Ask) => Promise<unknown>, page: Page) => Promise<void>,
  ): Promise<void> {
    const server = await serve(join(app.folder, out), headers);
    const { page } = await openPage(browser, server.address);
    try {
      await work((given) => page.evaluate((given) => (globalThis as never as { answer(given: Ask): unknown }).answer(given), given), page);
    } finally {
      await page.close();
      server.close();
    }
  }

  for (const [name, build] of Object.entries(builds)) {
    test(`${name}: with one thread, with several, and on WebGPU`, async () => {
      await build(app.folder, name);
      await inPage(name, 'everywhere', async (ask, page) => {
        let scripts = 0;
        page.on('request', (request) => {
          if (request.resourceType() === 'script' || /\.m?js$/.test(request.url())) scripts++;
        });
        assert.equal(await ask({ threads: 1 }), 256);
        const alone = scripts;
        scripts = 0;
        assert.equal(await ask({ threads: 2 }), 256);
        assert.ok(scripts > alone, `a program of two threads starts another script: ${scripts}, ${alone}`);
        assert.equal(await ask({ backend: 'webgpu' }), 256);
      });
      await inPage(name, 'nowhere', async (ask) => {
        assert.equal(await ask({}), 256, 'one thread where the page can have no more');
        assert.match(String(await ask({ threads: 2 })), /^UnsupportedError: threads: .*Cross-Origin-Opener-Policy/);
      });
    });
  }

  test('what is missing is said at once', async () => {
    const worker = { 'espalier-wasm-worker': 'espalier/workers/wasm' };
    await buildWithEsbuild(app.folder, 'no-worker', { page: './page.js' });
    await inPage('no-worker', 'everywhere', async (ask) => {
      assert.match(String(await ask({})), /^ResourceError: espalier-wasm-worker\.js: .*did not start.*docs\/bundlers\.md/);
    });
    await buildWithEsbuild(app.folder, 'no-wasm', { page: './page.js', ...worker });
    await inPage('no-wasm', 'everywhere', async (ask) => {
      assert.match(String(await ask({})), /^RuntimeError: .*\.wasm.*docs\/bundlers\.md/);
    });
    await buildWithEsbuild(app.folder, 'headers', { page: './page.js', ...worker });
    await inPage('headers', 'on the page', async (ask) => {
      assert.match(String(await ask({})), /^ResourceError: espalier-wasm-worker\.js: .*same headers.*docs\/bundlers\.md/);
    });
  });
});

test('a bundler says that onnxruntime-web is missing', async () => {
  const app = makeApp(['onnxruntime-web']);
  try {
    await assert.rejects(
      buildWithEsbuild(app.folder, 'out', { page: './page.js', 'espalier-wasm-worker': 'espalier/workers/wasm' }),
      /Could not resolve "onnxruntime-web\/wasm"/,
    );
  } finally {
    app.remove();
  }
});
