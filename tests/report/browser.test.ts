import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { reportHtml } from 'espalier/report/render';
import type { RunInfo } from 'espalier/strategies';
import type { Browser, Page } from 'playwright-core';
import { bareRun, digitsRun, emptyFrontRun, fidelityRun, hostileRun, singleRun } from '../fixtures/report/samples.js';
import { launchChromium, skipWithoutChromium } from '../support/browser/index.js';

describe('the report in a browser', { skip: skipWithoutChromium }, () => {
  let browser: Browser;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-report-'));
    browser = await launchChromium({ webgpu: false });
  });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a report from a file, at an address's fragment, and collects what goes wrong in it. */
  async function open(run: RunInfo, { hash = '', html = reportHtml(run) } = {}): Promise<{ page: Page; problems: string[] }> {
    const path = join(folder, 'report.html');
    writeFileSync(path, html);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    // A busy machine takes as long as it takes.
    page.setDefaultTimeout(0);
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => request.url().startsWith('file:') || problems.push(`asks for ${request.url()}`));
    await page.goto(pathToFileURL(path).href + hash);
    return { page, problems };
  }

  const transform = (page: Page, index: number) => page.locator(`#plot g.node[data-index="${index}"]`).getAttribute('style');
  const shown = (page: Page) => page.locator('article.selected .glance h2').textContent();
  const order = async (page: Page) => {
    const rows = await page.locator('table.models tbody tr:visible').all();
    return Promise.all(rows.map(async (row) => Number(await row.getAttribute('data-index'))));
  };

  test('opens without an error, whatever the run, on a desk and on a telephone, and never scrolls sideways', async () => {
    for (const run of [digitsRun, fidelityRun, emptyFrontRun, singleRun, bareRun, hostileRun]) {
      const { page, problems } = await open(run());
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        assert.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width, `${run.name} at ${width}`);
      }
      assert.deepEqual(problems, [], run.name);
      assert.equal(await page.evaluate('globalThis.pwned'), undefined);
      await page.close();
    }
  });

  test('begins with the model of the headline; another axis moves the points', async () => {
    const { page, problems } = await open(digitsRun());
    assert.equal(await shown(page), 'prune keep 0.5 + quantize static min-max');
    const before = await transform(page, 5);
    assert.match(before ?? '', /translate\([\d.]+px, [\d.]+px\)/);
    await page.selectOption('#axis-x', 'latency');
    assert.notEqual(await transform(page, 5), before);
    assert.equal(await page.locator('#plot g.node:visible').count(), 7, 'only the models that were measured');
    assert.match((await page.locator('#plot-note').textContent()) ?? '', /^6 models are not shown: not measured/);
    await page.selectOption('#axis-y', 'bytes');
    assert.match((await page.locator('#plot').textContent()) ?? '', /↓ File size/);
    assert.deepEqual(problems, []);
    await page.close();
  });

  test('a click on a point shows its card and recipe; hovering tells its figures', async () => {
    const { page } = await open(digitsRun());
    await page.locator('#plot g.node[data-index="5"]').click();
    assert.equal(await shown(page), 'prune keep 0.3 + quantize-aware-train epochs 3');
    assert.match((await page.locator('article.selected .steps').textContent()) ?? '', /^prunekeep 0\.3.*quantize-aware-trainepochs 3$/);
    assert.match(page.url(), /#model-5$/);
    await page.locator('#plot g.node[data-index="6"]').hover();
    assert.match((await page.locator('.tip').textContent()) ?? '', /^prune keep 0\.2.*File size22\.9 KB/);
    await page.close();
  });

  test('a link leads to a model; the keyboard goes from point to point', async () => {
    const { page } = await open(digitsRun(), { hash: '#model-2' });
    assert.equal(await shown(page), 'quantize static mse');
    await page.locator('#plot g.node[data-index="2"]').focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    assert.equal(await shown(page), 'quantize static min-max', 'the next point to the left');
    await page.close();
  });

  test('the table sorts by any column, both ways, and keeps to the front when asked', async () => {
    const { page } = await open(digitsRun());
    const size = page.locator('table.models thead button', { hasText: 'File size' });
    await size.click();
    assert.deepEqual((await order(page)).slice(0, 3), [0, 7, 9], 'the largest first');
    await size.click();
    assert.deepEqual((await order(page)).slice(0, 3), [6, 12, 5]);
    assert.equal(await page.locator('table.models th[aria-sort="ascending"]').textContent(), 'File size');
    await page.locator('table.models thead button', { hasText: 'Latency' }).click();
    assert.deepEqual((await order(page)).slice(0, 2), [6, 0], 'models without a latency are last');
    await page.check('#front-only');
    assert.equal((await order(page)).length, 7);
    assert.equal(await page.locator('#plot g.node:visible').count(), 7);
    await page.locator('table.models tbody tr[data-index="4"]').click();
    assert.equal(await shown(page), 'prune keep 0.5 + quantize static min-max');
    await page.close();
  });

  test('what devices took is an axis and a column; where answers differ there is no time', async () => {
    const run = digitsRun();
    const [first, second] = run.models;
    const times = new Map<string, number | 'differs'>([
      [run.baseline.id, 4],
      [first.id, 2],
      [second.id, 'differs'],
    ]);
    const { page, problems } = await open(run, { html: reportHtml({ ...run, devices: [{ name: '<b>phone</b>', times }] }) });
    await page.selectOption('#axis-x', { label: 'On <b>phone</b>' });
    assert.equal(await page.locator('#plot g.node:visible').count(), 2);
    await page.locator('table.models thead button', { hasText: 'On <b>phone</b>' }).click();
    assert.deepEqual((await order(page)).slice(0, 2), [0, 1], 'the longest first');
    assert.match((await page.locator('table.models tr[data-index="1"]').textContent()) ?? '', /2 ms2\.0x/);
    assert.match((await page.locator('table.models tr[data-index="2"]').textContent()) ?? '', /differs/);
    assert.match((await page.locator('#model-1 .tiles').textContent()) ?? '', /On <b>phone<\/b>2 ms2\.0x faster on/);
    assert.deepEqual(problems, []);
    await page.close();
  });

  test('a narrow page goes to the card of the row that was chosen', async () => {
    const { page } = await open(digitsRun());
    await page.setViewportSize({ width: 390, height: 800 });
    await page.locator('table.models tbody tr[data-index="3"] a').click();
    const top = (await page.locator('#model-3 .glance').boundingBox())?.y;
    assert.ok(top !== undefined && Math.abs(top) < 2, `${top} pixels from the top`);
    assert.equal(await page.locator('table.models a[aria-current=true]').count(), 1);
    await page.close();
  });

  test('the recipe is copied', async () => {
    const { page, problems } = await open(digitsRun(), { hash: '#model-2' });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const button = page.locator('article.selected button', { hasText: 'Copy recipe' });
    // The button says so for a moment only: the page's clock stands still until it was seen.
    await page.evaluate('globalThis.later = []; globalThis.setTimeout = (act) => later.push(act);');
    await button.click();
    await page.locator('article.selected button', { hasText: /^Copied$/ }).waitFor();
    const { recipe } = JSON.parse(await page.evaluate('navigator.clipboard.readText()'));
    assert.deepEqual(recipe, digitsRun().models[1].recipe);
    await page.evaluate('for (const act of later) act();');
    await button.waitFor();
    assert.deepEqual(problems, []);
    await page.close();
  });

  test('the policy lets its own script run, and no other', async () => {
    const html = reportHtml(digitsRun()).replace('</main>', '</main><script>globalThis.pwned = 1</script>');
    const { page, problems } = await open(digitsRun(), { html });
    assert.equal(await shown(page), 'prune keep 0.5 + quantize static min-max');
    assert.equal(await page.evaluate('globalThis.pwned'), undefined);
    assert.match(problems.join(), /violates the following Content Security Policy/);
    await page.close();
  });
});
