import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Invitation } from '#dist/studio/api/index.js';
import { launchChromium, skipWithoutChromium } from '../../support/browser/index.js';
import { violations } from '../../support/studio/axe.js';
import { makeRun, TestStudio, temporaryFolder } from '../support.js';
import { watch } from '../tab/page.js';

describe('the page of a device for everyone', { skip: skipWithoutChromium }, () => {
  const { folder, remove } = temporaryFolder();
  let browser: Browser;
  let studio: TestStudio;
  before(async () => {
    [browser] = await Promise.all([launchChromium({ webgpu: false }), makeRun(folder, 'iris')]);
    studio = await TestStudio.open(folder);
  });
  after(async () => {
    await browser?.close();
    await studio?.close();
    remove();
  });
  const invite = async () => ((await studio.ask('/api/devices/invitation', { method: 'POST' })).json as Invitation).link;

  test('at any width, light and dark: no violation of axe-core, no way sideways; by keyboard', async () => {
    const { page, context, problems } = await watch(browser, await invite());
    const check = async (when: string, of = page) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [390, 1280]) {
          await of.setViewportSize({ width, height: 844 });
          await of.emulateMedia({ colorScheme });
          const what = `${when}, ${colorScheme} at ${width} pixels`;
          assert.deepEqual(await violations(of), [], what);
          assert.ok((await of.evaluate<number>('document.documentElement.scrollWidth')) <= width, what);
        }
      }
    };
    let measure = () => {};
    const checked = new Promise<void>((resolve) => {
      measure = resolve;
    });
    // It is at its first model for as long as it is looked at.
    await context.route('**/jobs/*/model', async (route) => {
      await checked;
      await route.continue();
    });
    await check('before it joins');
    await page.keyboard.press('Tab');
    await page.keyboard.type('<b>a phone</b>');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-phase=working] progress');
    await check('while it measures');
    measure();
    await page.waitForSelector('.results > li');
    await page.waitForSelector('[data-phase=waiting]');
    await check('with results');
    assert.equal(await page.textContent('h1'), '<b>a phone</b>', 'names are text');
    await page.click('text=Stop measuring');
    await page.waitForSelector('#name');
    const lab = await watch(browser, studio.studio.links[0]);
    await lab.page.click('text=Devices');
    await lab.page.click('text=Show the link');
    await lab.page.waitForSelector('.device-card >> text=a phone');
    await check('in the studio', lab.page);
    assert.deepEqual([...problems, ...lab.problems], []);
    await context.close();
    await lab.context.close();
  });
});
