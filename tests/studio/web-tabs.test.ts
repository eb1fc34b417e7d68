import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { skipWithoutChromium } from '../support/browser/index.js';
import { drawn } from '../support/studio/drawn.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();

/** The rows of a chart's figures. */
async function figures(page: Page, panel: string): Promise<string[][]> {
  const region = page.getByRole('region', { name: panel, exact: true });
  await region.getByText('As a table').click();
  await region.getByRole('table').waitFor();
  const rows = await region.locator('tbody tr').all();
  return Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()));
}

test('trials are filtered by state and by what they are called', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits');
  await page.getByRole('link', { name: 'Trials' }).click();
  const rows = page.getByRole('table', { name: 'Trials' }).locator('tbody tr');
  await rows.first().waitFor();
  assert.equal(await rows.count(), 14);
  await page.getByLabel('State').selectOption('failed');
  await rows.nth(1).waitFor({ state: 'detached' });
  await page.getByText('prune: The training loss became NaN.').waitFor();
  assert.equal(await rows.count(), 1);
  await page.getByLabel('State').selectOption('all');
  await rows.nth(13).waitFor();
  const expected = liveDigits().trials.filter(({ label }) => label?.includes('quantize dynamic')).length;
  await page.getByLabel('Search').fill('quantize dynamic');
  await rows.nth(expected).waitFor({ state: 'detached' });
  assert.equal(await rows.count(), expected);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('history, curves and timeline are drawn, say their figures, and grow', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits/progress');
  await page.waitForSelector('.chart-place canvas');
  const history = await figures(page, 'History');
  assert.deepEqual(history[0], ['0', '99.2%', '99.2%']);
  assert.deepEqual(history.at(-1), ['11', '32.8%', '99.2%'], 'the best so far stays');
  const timeline = await figures(page, 'Timeline');
  assert.deepEqual(timeline.map(([number, who]) => `${number} ${who}`).slice(0, 2), ['0 alder', '2 alder']);
  assert.equal(timeline.length, 14);
  const curves = await figures(page, 'Curves');
  assert.deepEqual(curves.at(-1), ['13', 'running', '3', '81.0%']);
  const running = liveDigits().trials[13];
  tests.studio.change('digits', { trials: [{ ...running, curve: [...running.curve, { step: 4, value: 0.9 }] }] });
  await page.getByRole('region', { name: 'Curves', exact: true }).getByRole('row', { name: '13 running 4 90.0%' }).waitFor();
  tests.studio.runs.set('digits', liveDigits());
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('parallel coordinates are brushed along an axis and with the keyboard', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits/parameters');
  await drawn(page, '.parallel-place canvas');
  const canvas = page.locator('.parallel-place canvas');
  await page.getByText('All 12 trials are kept.').waitFor();
  const box = await canvas.boundingBox();
  assert.ok(box);
  // The last axis, MACs: its lower part.
  const [x, top, bottom] = [box.x + box.width - 64, box.y + 48, box.y + box.height - 24];
  await page.mouse.move(x, bottom - 2);
  await page.mouse.down();
  await page.mouse.move(x, (top + bottom) / 2, { steps: 6 });
  await page.mouse.up();
  const cheap = liveDigits().trials.filter(({ values }) => values !== undefined && values[2] < 5e6).length;
  await page.getByText(`${cheap} of 12 trials are kept.`).waitFor();
  assert.equal(await page.getByRole('table', { name: 'Trials that are kept' }).locator('tbody tr').count(), cheap);
  await page.getByRole('button', { name: 'Keep all' }).click();
  await page.getByText('All 12 trials are kept.').waitFor();

  await page.getByText('Set what is kept').press('Enter');
  await page.getByRole('spinbutton', { name: 'Accuracy, lowest' }).fill('0.98');
  await page.keyboard.press('Tab');
  const good = liveDigits().trials.filter(({ values }) => values !== undefined && values[0] >= 0.98);
  await page.getByText(`${good.length} of 12 trials are kept.`).waitFor();
  await page.getByRole('checkbox', { name: 'static' }).uncheck();
  await page.getByText(`${good.filter(({ point }) => point.quantize !== 'static').length} of 12 trials are kept.`).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('importance is counted in a worker, for each objective', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits/parameters');
  const panel = page.getByRole('region', { name: 'Importance', exact: true });
  await panel.locator('canvas').waitFor();
  const shares = await figures(page, 'Importance');
  assert.deepEqual(new Set(shares.map(([name]) => name)), new Set(['prune', 'keep', 'epochs', 'rate', 'quantize']));
  const total = shares.reduce((sum, [, share]) => sum + Number.parseFloat(share), 0);
  assert.ok(Math.abs(total - 100) < 0.3, String(total));
  await panel.getByLabel('For').selectOption('bytes');
  await panel.getByLabel('For').locator('option:checked', { hasText: 'File size' }).waitFor({ state: 'attached' });
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('workers say what they do, messages what happened', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/run/digits/workers');
  const row = page.getByRole('row', { name: /alder/ });
  await row.getByText('loss 0.51').waitFor();
  assert.equal(await row.getByRole('progressbar').getAttribute('value'), '3');
  await page.getByText('Trial 12 failed.').waitFor();
  tests.studio.change('digits', { workers: [{ name: 'cedar', task: 'measure', seen: Date.now() }] });
  await page.getByRole('row', { name: /cedar measure/ }).waitFor();
  tests.studio.runs.set('digits', liveDigits());
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('before the original is measured every part says what will be there', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/runs');
  const bare = { baseline: undefined, objectives: undefined, space: undefined, models: [], trials: [], workers: [], messages: [] };
  tests.studio.runs.set('young', liveDigits({ name: 'young', state: 'starting', wanted: 0, secondsLeft: undefined, ...bare }));
  for (const [tab, text] of [
    ['front', 'The original is measured first'],
    ['trials', 'No trial has begun yet.'],
    ['progress', 'none has trained an epoch yet'],
    ['parameters', 'Nothing is proposed yet'],
    ['workers', 'Nobody is at work.'],
  ]) {
    await page.goto(`${tests.address}#/run/young/${tab}`);
    await page.getByText(text).first().waitFor();
  }
  assert.deepEqual(problems, []);
  tests.studio.runs.delete('young');
  await page.context().close();
});
