import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openStudio, type Studio } from '#dist/studio/server/index.js';
import { launchChromium, skipWithoutChromium } from '../../support/browser/index.js';
import { violations } from '../../support/studio/axe.js';
import { temporaryFolder } from '../support.js';
import { makeMaterials } from './materials.js';
import { chooseModel, made, openTab, seen } from './page.js';

describe('the page of the tab for everyone', { skip: skipWithoutChromium }, () => {
  const { folder, remove } = temporaryFolder();
  let browser: Browser;
  let studio: Studio;
  let materials: Awaited<ReturnType<typeof makeMaterials>>;
  before(async () => {
    [browser, studio, materials] = await Promise.all([
      launchChromium({ webgpu: false }),
      openStudio({ root: folder, version: '0.0.0' }),
      makeMaterials(folder),
    ]);
  });
  after(async () => {
    await browser?.close();
    await studio?.close();
    remove();
  });

  for (const [colorScheme, width] of [
    ['light', 390],
    ['dark', 1280],
  ] as const) {
    test(`${colorScheme} at ${width} pixels: no violation of axe-core, no way sideways`, async () => {
      const { page, context, problems } = await openTab(browser, studio.origin, { colorScheme, viewport: { width, height: 844 } });
      const check = async (when: string) => {
        assert.deepEqual(await violations(page), [], when);
        assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, when);
      };
      await check('empty');
      await chooseModel(page, materials.model);
      await page.waitForSelector('.graph-canvas');
      await page.setInputFiles('section[aria-label=Data] input[webkitdirectory]', materials.images);
      await page.waitForSelector('.found');
      await page.selectOption('section[aria-label=Quantize] select', 'static');
      await page.click('section[aria-label=Quantize] button[type=submit]');
      await made(page, 'digits-int8.onnx').waitFor();
      await page.click('summary >> text=Bytes of weights');
      await page.waitForSelector('.picture');
      await page.fill('section[aria-label=Tune] input >> nth=0', '3');
      await page.click('section[aria-label=Tune] button[type=submit]');
      await page.waitForSelector('.curve .dot-two');
      await check('while it is tuned');
      await made(page, 'digits-tuned.onnx').waitFor();
      await check('with everything');
      assert.deepEqual(problems, []);
      await context.close();
    });
  }

  test('by keyboard alone: from the model to the download', async () => {
    const { page, context } = await openTab(browser, studio.origin);
    const focused = () => page.evaluate<string>(`(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()`);
    /** Goes on until what is focused has these words. */
    const tabTo = async (words: string) => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        if ((await focused()) === words) return;
      }
      assert.fail(`no way to "${words}"; the last was "${await focused()}"`);
    };
    // Chromium takes keys and the wish to be told of choosers on ways of their own: the wish is in effect once something asked later was answered, as tabTo asks.
    const chosen = async () => {
      await tabTo('Choose a model');
      await page.keyboard.press('Enter');
    };
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), chosen()]);
    await chooser.setFiles(materials.model);
    await page.waitForSelector('section[aria-label=Quantize]');
    await tabTo('How');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.match(await seen(page.locator('section[aria-label=Quantize]')), /Computes in floats as before/);
    await tabTo('Quantize');
    await page.keyboard.press('Enter');
    await made(page, 'digits-int8-weights.onnx').waitFor();
    await tabTo('Download');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    assert.equal(download.suggestedFilename(), 'digits-int8-weights.onnx');
    await context.close();
  });
});
