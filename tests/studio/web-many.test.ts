import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/browser/index.js';
import { drawn } from '../support/studio/drawn.js';
import { manyTrials } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';
import { firstPaint, MOST_UNITS, unitOfWork, workPerFrame } from '../support/studio/work.js';

const tests = useStudio();

test(`10,000 trials are moved with no more main-thread work a frame than ${MOST_UNITS} million square roots`, {
  skip: skipWithoutChromium,
}, async () => {
  tests.studio.runs.set('many', manyTrials(10_000));
  const { page, problems } = await tests.open('/run/many');
  const plot = page.getByRole('application');
  await drawn(page, '.front-plot canvas.dots');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  const box = await plot.boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + 150];
  const hover = await workPerFrame(page, 40, (index) => page.mouse.move(x - 100 + 5 * index, y + (index % 7)));
  await page.mouse.move(x, y);
  await page.mouse.down();
  const drag = await workPerFrame(page, 60, (index) => page.mouse.move(x + 4 * index, y + (index % 9)));
  await page.mouse.up();
  const unit = await unitOfWork(page);
  console.log(
    `Milliseconds of main-thread work a frame with 10,000 trials, the median: ${drag.toFixed(1)} while dragging, ${hover.toFixed(1)} while pointing, ${unit.toFixed(1)} for a million square roots.`,
  );
  assert.ok(drag <= MOST_UNITS * unit, `${drag} ms while dragging`);
  assert.ok(hover <= MOST_UNITS * unit, `${hover} ms while pointing`);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('of 10,000 trials only rows in sight are in the page; the last is reached with keys', { skip: skipWithoutChromium }, async () => {
  tests.studio.runs.set('many', manyTrials(10_000));
  const { page } = await tests.open('/run/many/trials');
  const table = page.getByRole('table', { name: 'Trials' });
  await table.waitFor();
  assert.equal(await table.getAttribute('aria-rowcount'), '10001');
  assert.ok((await table.locator('tbody tr').count()) < 100);
  await page.getByRole('region', { name: 'Trials' }).and(page.locator('.scroll')).focus();
  await page.keyboard.press('End');
  await table.locator('tr[aria-rowindex="10001"]').waitFor();
  await page.context().close();
});

test('the first paint takes less than a second of work', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/');
  await page.getByRole('table').waitFor();
  const { work, clock } = await firstPaint(page);
  console.log(`First contentful paint after ${Math.round(clock)} ms, ${Math.round(work)} of them work of the main thread.`);
  assert.ok(work > 0 && work < 1000, `${work} ms`);
  await page.context().close();
});
