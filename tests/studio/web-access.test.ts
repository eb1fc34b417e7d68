import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/browser/index.js';
import { violations } from '../support/studio/axe.js';
import { residualGraph } from '../support/studio/graphs.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();
const [{ id: model }] = liveDigits().models;

/** A view, and what it shows when it is there. */
const views: readonly (readonly [name: string, hash: string, sign: string])[] = [
  ['runs', '/', 'table'],
  ['front', '/run/digits', '.front-plot canvas'],
  ['details', `/run/team%2Fdone/front?model=${model}`, '.details'],
  ['trials', '/run/digits/trials?from=1', '.fields'],
  ['progress', '/run/digits/progress', '.chart-place canvas'],
  ['parameters', '/run/digits/parameters', '.parallel-place canvas'],
  ['workers', '/run/digits/workers', '.messages'],
  ['compare', '/compare?run=digits&run=team%2Fdone', '.compared'],
  ['graph', `/graph/team%2Fdone/${model}`, '.graph-canvas'],
  ['start', '/start', '.drop'],
  ['no such page', '/nothing', 'h1'],
];

for (const [name, hash, sign] of views) {
  test(`${name}: no violation of axe-core, no way sideways, at 390 and 1280 pixels, dark and light`, {
    skip: skipWithoutChromium,
  }, async () => {
    tests.studio.graphs.set(model, residualGraph(4));
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 1280]) {
        const { page, problems } = await tests.open(hash, { colorScheme, viewport: { width, height: 844 }, reducedMotion: 'reduce' });
        await page.waitForSelector(sign);
        assert.deepEqual(await violations(page), [], `${colorScheme} at ${width}`);
        assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, `${colorScheme} at ${width}`);
        assert.deepEqual(problems, []);
        await page.context().close();
      }
    }
  });
}

test('with reduced motion nothing moves by itself', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/run/digits', { reducedMotion: 'reduce' });
  await page.waitForSelector('.front-plot canvas');
  assert.equal(await page.evaluate('document.getAnimations().length'), 0);
  await page.context().close();
});
