import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunInfo } from 'espalier/strategies';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { decodeQR } from 'qr/decode.js';
import sharp from 'sharp';
import type { DeviceInfo, DeviceJob, Invitation } from '#dist/studio/api/index.js';
import { espalier } from '../../cli/run.js';
import { launchChromium, skipWithoutChromium } from '../../support/browser/index.js';
import { makeRun, TestStudio, temporaryFolder } from '../support.js';
import { seen, watch } from '../tab/page.js';

describe('the page of a device', { skip: skipWithoutChromium }, () => {
  const { folder, remove } = temporaryFolder();
  let browser: Browser;
  let studio: TestStudio;
  let models: string[];
  before(async () => {
    [browser] = await Promise.all([launchChromium(), makeRun(folder, 'iris')]);
    studio = await TestStudio.open(folder);
    const front: RunInfo = JSON.parse(readFileSync(join(folder, 'iris', 'front.json'), 'utf8'));
    models = [...front.models.filter(({ onFront }) => onFront), front.baseline].map(({ id }) => id);
  });
  after(async () => {
    await browser?.close();
    await studio?.close();
    remove();
  });

  const invite = async (of = studio) => (await of.ask('/api/devices/invitation', { method: 'POST' })).json as Invitation;
  const devices = async (of = studio) => (await of.ask('/api/devices')).json as DeviceInfo[];
  const phase = (page: Page, kind: string) => page.locator(`[data-phase=${kind}]`).waitFor();

  /** For what has nothing to do with it: WebGPU in software takes most of the time of a page. */
  const withoutWebgpu = (own: BrowserContext) => own.addInitScript('delete Navigator.prototype.gpu');

  /** Opens the link, and joins under a name. */
  async function joinAs(name: string, prepare: (context: BrowserContext) => Promise<unknown> = async () => undefined, of = studio) {
    const watched = await watch(browser, 'about:blank');
    await prepare(watched.context);
    await watched.page.goto((await invite(of)).link);
    await watched.page.fill('#name', name);
    await watched.page.click('text=Start measuring');
    return watched;
  }

  test('it measures every model of the front, and what answers wrongly is not recommended', async (context) => {
    let tampered = '';
    const { page, problems, ...opened } = await joinAs('my phone', (own) =>
      own.route('**/next', async (route) => {
        const response = await route.fetch({ timeout: 0 });
        if (response.status() !== 200) return route.fulfill({ response });
        const job = (await response.json()) as DeviceJob;
        tampered ||= job.model;
        return route.fulfill({ response, json: job.model === tampered ? withOtherAnswers(job) : job });
      }),
    );
    await phase(page, 'waiting');
    await page.waitForFunction((count) => document.querySelectorAll('.results > li').length === count, models.length);
    const device = (await devices()).find(({ name }) => name === 'my phone') as DeviceInfo;
    assert.deepEqual(device.results.map(({ model }) => model).sort(), [...models].sort());
    const ways = device.results[0].backends.map(({ backend, threads }) => `${backend} ${threads}`);
    assert.deepEqual(ways.slice(0, 2), ['wasm 2', 'wasm 1'], 'the page is isolated and has threads');
    if (device.webgpu) assert.equal(ways[2], 'webgpu 1');
    else context.diagnostic('WebGPU was not measured: this Chromium has no adapter.');
    for (const { model, backends } of device.results)
      for (const { backend, status, p50, p95, load, memory, difference, error } of backends) {
        assert.equal(status, model === tampered ? 'differs' : 'agrees', error);
        assert.ok(Number(p50) > 0 && Number(p50) <= Number(p95) && Number(load) > 0);
        assert.equal(memory === undefined, backend === 'webgpu');
        assert.ok(memory === undefined || (memory > 1e6 && memory < 1e9), String(memory));
        assert.ok(model === tampered ? Number(difference) > 0.1 : Number(difference) < 0.01, String(difference));
      }
    const [wrong] = await page.locator('.results > li').filter({ hasText: 'Not recommended here' }).all();
    assert.match(await seen(wrong), /answers wrongly[\s\S]*is off by/);
    await page.locator('section[aria-label="On this device"]').waitFor();
    assert.match(await seen(page.locator('.results > li').first()), /accuracy \d+(\.\d+)?%, [\d.]+ KB · iris/);
    assert.equal(await page.locator('.results .badge').count(), models.length - 1, 'one way of each other model is the best');
    assert.deepEqual(problems, []);
    await opened.context.unrouteAll({ behavior: 'ignoreErrors' });
    await opened.context.close();
  });

  test('the studio shows the link, its code, and what the device found', async () => {
    const { page, context, problems } = await watch(browser, studio.studio.links[0]);
    await page.click('text=Devices');
    await page.click('text=Show the link');
    const link = await page.inputValue('[aria-label="Link for devices"]');
    assert.match(link, /\/device#[\w-]{43}$/);
    const picture = await page.locator('.qr').screenshot();
    const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    assert.equal(decodeQR({ data, width: info.width, height: info.height }), link);
    const card = page.locator('section.device-card[aria-label="my phone"]');
    await card.waitFor();
    assert.equal(await card.locator('tbody tr').count(), models.length);
    assert.match(await seen(card), /WebAssembly, [12] threads?|WebGPU/);
    assert.equal(await card.locator('text=not recommended').count(), 1);
    assert.deepEqual(problems, []);
    await context.close();
  });

  test('the front shows what each model takes on it, in the table and as an axis', async () => {
    const { page, context, problems } = await watch(browser, `${studio.studio.links[0]}#/run/iris`);
    const table = page.locator('section[aria-label=Models] table');
    await table.locator('th', { hasText: 'On my phone' }).waitFor();
    const column = (await table.locator('thead th').allTextContents()).findIndex((text) => /On my phone/.test(text));
    const cells = await table.locator(`tbody tr > :nth-child(${column + 1})`).allTextContents();
    assert.equal(cells.filter((text) => text === 'differs').length, 1);
    assert.equal(cells.filter((text) => /ms$/.test(text)).length, models.length - 1);
    await page.getByLabel('Across').selectOption({ label: 'On my phone' });
    await page.getByRole('application', { name: 'Models by On my phone and Accuracy (validation)' }).waitFor();
    assert.match(page.url(), /x=on\+my\+phone/);
    assert.deepEqual(problems, []);
    await context.close();
    const { code, stderr } = await espalier(['report', 'iris'], { cwd: folder });
    assert.equal(code, 0, stderr);
    const report = readFileSync(join(folder, 'iris', 'report.html'), 'utf8');
    assert.match(report, /<button type="button"[^>]*>On my phone<\/button>/);
    assert.match(report, /<span class="bad">differs<\/span>/);
  });

  test('it goes on after the page was loaded again, without asking', async () => {
    let reached = () => {};
    const held = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const { page, context } = await joinAs('reloaded', async (own) => {
      await withoutWebgpu(own);
      await own.route('**/model', async (route) => {
        reached();
        await route.abort().catch(() => undefined);
      });
    });
    await held;
    await page.reload();
    await context.unroute('**/model');
    await phase(page, 'waiting');
    await page.waitForFunction((count) => document.querySelectorAll('.results > li').length === count, models.length);
    await page.reload();
    await phase(page, 'waiting');
    assert.equal(await page.locator('.results > li').count(), models.length, 'what it found is still shown');
    const [device] = (await devices()).filter(({ name }) => name === 'reloaded');
    assert.equal(device.results.length, models.length);
    await context.close();
  });

  test('a lost connection is said, and it goes on when there is one again', async () => {
    const { page, context } = await joinAs('lost', (own) => own.route('**/next', (route) => route.abort()));
    await phase(page, 'lost');
    assert.match(await seen(page.locator('[data-phase=lost]')), /connection to the studio is lost.*goes on by itself/);
    await context.unroute('**/next');
    await page.evaluate(`dispatchEvent(new Event('online'))`);
    await phase(page, 'waiting');
    // Another start of the studio has another token.
    await page.route('**/next', (route) => route.fulfill({ status: 401, json: { error: { message: 'The token is missing or wrong' } } }));
    await page.reload();
    await phase(page, 'ended');
    assert.match(await seen(page.locator('[data-phase=ended]')), /link is not valid any more/);
    await context.close();
  });

  test('a connection that is lost while ONNX Runtime loads is no fault of the model', async () => {
    const { page, context } = await joinAs('halfway', async (own) => {
      await withoutWebgpu(own);
      await own.route(/\.wasm$/, (route) => route.abort());
      await own.route(/\/device$/, (route) => (route.request().method() === 'HEAD' ? route.abort() : route.continue()));
    });
    await phase(page, 'lost');
    await context.unroute(/\.wasm$/);
    await page.evaluate(`dispatchEvent(new Event('online'))`);
    await page.waitForFunction((count) => document.querySelectorAll('.results > li').length === count, models.length);
    // Not before: an attempt that lost ONNX Runtime and then found the studio there would blame the model.
    await context.unroute(/\/device$/);
    const device = (await devices()).find(({ name }) => name === 'halfway') as DeviceInfo;
    for (const { backends } of device.results) for (const { status, error } of backends) assert.equal(status, 'agrees', error);
    await context.close();
  });

  test('what took the page with it is not tried again', async () => {
    const token = new URL((await invite()).link).hash.slice(1);
    const attempt = { run: 'iris', model: models[0], backend: 'wasm 1' };
    const { page, context } = await joinAs('fragile', async (own) => {
      await withoutWebgpu(own);
      await own.addInitScript(
        `sessionStorage.setItem('espalier-device-${token.slice(0, 8)}-attempt', ${JSON.stringify(JSON.stringify(attempt))})`,
      );
    });
    await phase(page, 'waiting');
    await page.waitForFunction((count) => document.querySelectorAll('.results > li').length === count, models.length);
    const device = (await devices()).find(({ name }) => name === 'fragile') as DeviceInfo;
    const { backends } = device.results.find(({ model }) => model === models[0]) as DeviceInfo['results'][number];
    const failed = backends.find(({ backend, threads }) => `${backend} ${threads}` === 'wasm 1');
    assert.deepEqual([failed?.status, failed?.error], ['fails', 'The page ended while it ran this.']);
    await context.close();
  });

  test('on a plain http address it says what cannot be had, and measures with one thread', async (context) => {
    const open = await TestStudio.open(folder, { host: '0.0.0.0' });
    try {
      const { link, secure, advice } = await invite(open);
      if (secure) return context.skip('this machine has no address in a network');
      assert.match(String(advice), /--tls/);
      const { page, context: own } = await joinAs('plain', undefined, open);
      assert.equal(page.url().split('#')[0], link.split('#')[0]);
      await phase(page, 'waiting');
      await page.waitForFunction((count) => document.querySelectorAll('.results > li').length === count, models.length);
      assert.match(await seen(page.locator('.lacks')), /No WebGPU, and one thread.*plain http.*--tls/);
      const device = (await devices(open)).find(({ name }) => name === 'plain') as DeviceInfo;
      assert.deepEqual([device.secure, device.webgpu], [false, false]);
      for (const { backends } of device.results)
        assert.deepEqual(
          backends.map(({ backend, threads, status }) => [backend, threads, status]),
          [['wasm', 1, 'agrees']],
        );
      await own.close();
    } finally {
      await open.close();
    }
  });

  test('a link that is not whole is said', async () => {
    const { page, context } = await watch(browser, `${studio.origin}/device`);
    assert.match(await seen(page.locator('main')), /not whole/);
    await context.close();
  });
});

/** What is used here inside pages. */
declare const document: { querySelectorAll(selector: string): { length: number } };

/** The job with an expected answer that no model gives. */
function withOtherAnswers(job: DeviceJob): DeviceJob {
  const [first, ...rest] = job.expected;
  const values = new Float32Array(new Uint8Array(Buffer.from(first.data, 'base64')).buffer).map((value) => 2 * value + 1);
  return { ...job, expected: [{ ...first, data: Buffer.from(values.buffer).toString('base64') }, ...rest] };
}
