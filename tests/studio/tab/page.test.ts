import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { Browser, Page } from 'playwright-core';
import { openStudio, type Studio } from '#dist/studio/server/index.js';
import { openModel, quantizeModel } from '#dist/studio/tab/index.js';
import { launchChromium, skipWithoutChromium } from '../../support/browser/index.js';
import { temporaryFolder } from '../support.js';
import { makeMaterials } from './materials.js';
import { chooseModel, downloaded, made, openTab, seen, type Watched } from './page.js';

describe('all in the tab', { skip: skipWithoutChromium }, () => {
  const { folder, remove } = temporaryFolder();
  let browser: Browser;
  let studio: Studio;
  let materials: Awaited<ReturnType<typeof makeMaterials>>;
  const open = () => openStudio({ root: folder, version: '0.0.0' });
  before(async () => {
    [browser, studio, materials] = await Promise.all([launchChromium({ webgpu: false }), open(), makeMaterials(folder)]);
  });
  after(async () => {
    await browser?.close();
    await studio?.close();
    remove();
  });

  /** Inspects, quantizes and tunes, as somebody would who clicks through the page. */
  async function goThrough(page: Page): Promise<void> {
    assert.match(await chooseModel(page, materials.model), /digits\.onnx is open/);
    await page.waitForSelector('.graph-canvas');
    assert.match(await seen(page.locator('section[aria-label="digits.onnx"]')), /MACs/);
    await page.selectOption('section[aria-label=Quantize] select', 'dynamic');
    await page.click('section[aria-label=Quantize] button[type=submit]');
    await made(page, 'digits-int8-dynamic.onnx').waitFor();
    await page.setInputFiles('section[aria-label=Data] input[webkitdirectory]', materials.images);
    await page.waitForSelector('.found, section[aria-label=Data] [role=alert]');
    assert.match(
      await seen(page.locator('section[aria-label=Data]')),
      /600 samples, class folders of images \(image 8×8×1\); 10 classes: 0, 1/,
    );
    await page.selectOption('section[aria-label=Quantize] select', 'static');
    await page.click('section[aria-label=Quantize] button[type=submit]');
    await made(page, 'digits-int8.onnx').waitFor();
    assert.match(await seen(made(page, 'digits-int8.onnx')), /accuracy[\s\S]*answers as the original[\s\S]*120 samples of the test part/);
    await page.fill('section[aria-label=Tune] input >> nth=0', '2');
    await page.click('section[aria-label=Tune] button[type=submit]');
    await made(page, 'digits-tuned.onnx').waitFor();
    const text = await seen(made(page, 'digits-tuned.onnx'));
    const [, first, last] = (/accuracy\s+([\d.]+)%\s+([\d.]+)%/.exec(text) ?? []).map(Number);
    assert.ok(last >= first && last > 50, text);
  }

  test('after the page is loaded it asks for nothing: inspecting, quantizing and tuning send nothing anywhere', async () => {
    const { page, context, requests, problems } = await openTab(browser, studio.origin);
    const loaded = requests.splice(0);
    for (const request of loaded) assertOwn(request, studio.origin);
    assert.ok(
      loaded.some((request) => request.url().endsWith('.wasm')),
      'the listener sees what workers ask for',
    );
    await goThrough(page);
    // What the page makes itself has an address of its own, and is not fetched from anywhere.
    const sent = requests.filter((request) => !/^(blob|data):/.test(request.url()));
    assert.deepEqual(
      sent.map((request) => `${request.method()} ${request.url()}`),
      [],
    );
    assert.deepEqual(problems, []);
    await context.close();
  });

  test('with the network off and the studio gone it does the same', async () => {
    const own = await open();
    const { page, context, problems } = await openTab(browser, own.origin);
    await context.setOffline(true);
    await own.close();
    await goThrough(page);
    assert.deepEqual(problems, []);
    await context.close();
  });

  test('what it makes is what Node makes, and the file runs there', async () => {
    const { page, context } = await openTab(browser, studio.origin);
    await chooseModel(page, materials.model);
    const runtime = createNodeRuntime({ threads: 1 });
    const opened = openModel(new Uint8Array(readFileSync(materials.model)), 'digits.onnx');
    for (const [mode, suffix] of [
      ['dynamic', 'int8-dynamic'],
      ['weights', 'int8-weights'],
      ['half', 'fp16'],
    ] as const) {
      await page.selectOption('section[aria-label=Quantize] select', mode);
      await page.click('section[aria-label=Quantize] button[type=submit]');
      await made(page, `digits-${suffix}.onnx`).waitFor();
      const bytes = await downloaded(page, `a[download="digits-${suffix}.onnx"]`);
      assert.deepEqual(bytes, (await quantizeModel({ opened, mode, runtime, seed: 0 })).file, mode);
      await (await runtime.compile(bytes)).dispose();
    }
    await runtime.dispose();
    await context.close();
  });

  test('garbage is refused in words, and names are text', async () => {
    const { page, context, problems } = await openTab(browser, studio.origin);
    const file = (name: string, content: Uint8Array | string) => ({ name, mimeType: '', buffer: Buffer.from(content as string) });
    const whole = readFileSync(materials.model);
    assert.match(await chooseModel(page, file('empty.onnx', '')), /empty\.onnx: The file is empty/);
    assert.match(await chooseModel(page, file('text.onnx', 'this is no model')), /^text\.onnx: /);
    assert.match(await chooseModel(page, file('cut.onnx', whole.subarray(0, 5000))), /^cut\.onnx/);
    assert.match(await chooseModel(page, file('bad.tflite', 'TFL3')), /^bad\.tflite/);
    const markup = '<img src=x onerror=globalThis.ran=1>.onnx';
    assert.match(await chooseModel(page, file(markup, 'x')), /^<img src=x onerror/);
    assert.match(await chooseModel(page, file(markup, whole)), /<img src=x onerror=globalThis.ran=1>\.onnx is open/);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.evaluate('globalThis.ran'), undefined);
    await page.setInputFiles('section[aria-label=Data] input:not([webkitdirectory])', [file('notes.txt', 'x')]);
    await page.waitForSelector('section[aria-label=Data] [role=alert]');
    assert.match(
      await seen(page.locator('section[aria-label=Data] [role=alert]')),
      /no data that can be read here.*class folders.*notes\.txt/,
    );
    assert.deepEqual(problems, []);
    await context.close();
  });

  test('a training shows how far it is, leaves the page fluent, and stops when it is told to', async () => {
    const { page, context, problems } = await openTab(browser, studio.origin);
    await prepare(page);
    await page.fill('section[aria-label=Tune] input >> nth=0', '900');
    await page.click('section[aria-label=Tune] button[type=submit]');
    await page.waitForSelector('.curve .dot-one');
    // A page that the training held up would draw none before its end, which is far away.
    await page.evaluate(`new Promise((resolve) => {
      let left = 10;
      const tick = () => (left-- > 0 ? requestAnimationFrame(tick) : resolve());
      tick();
    })`);
    assert.ok((await page.locator('.curve .dot-one').count()) < 900, 'ten frames were drawn while it went on');
    const words = await seen(page.locator('.under-way'));
    assert.match(words, /Epoch \d+, step \d+ of \d+[\s\S]*loss [\d.]+ · about .+ left/);
    await page.click('.under-way button');
    await page.waitForSelector('.under-way', { state: 'detached' });
    assert.equal(await page.locator('a[download]').count(), 0);
    await page.click('section[aria-label=Quantize] button[type=submit]');
    await made(page, 'digits-int8-dynamic.onnx').waitFor();
    assert.deepEqual(problems, []);
    await context.close();
  });

  /** A model and data. */
  async function prepare(page: Page): Promise<void> {
    await chooseModel(page, materials.model);
    await page.setInputFiles('section[aria-label=Data] input[webkitdirectory]', materials.images);
    await page.waitForSelector('.found');
  }
});

function assertOwn(request: Watched['requests'][number], origin: string): void {
  assert.equal(request.method(), 'GET', request.url());
  assert.equal(request.postData(), null, request.url());
  assert.ok(request.url() === `${origin}/tab` || request.url().startsWith(`${origin}/assets/`), request.url());
}
