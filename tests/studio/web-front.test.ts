import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { skipWithoutChromium } from '../support/browser/index.js';
import { drawn } from '../support/studio/drawn.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();
const labels = liveDigits().models.map(({ label }) => label);

async function openFront(hash = '/run/digits') {
  const opened = await tests.open(hash);
  await drawn(opened.page, '.front-plot canvas.dots');
  return { ...opened, plot: opened.page.getByRole('application') };
}

/** Where the model is that the keys are at. */
async function cursor(page: Page): Promise<{ x: number; y: number }> {
  const box = await page.locator('.cursor').boundingBox();
  assert.ok(box);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Waits, frame by frame, for what comes. */
async function until(page: Page, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await page.evaluate('new Promise(requestAnimationFrame)');
}

test('keys go along the front from the smallest model to the original, and say which it is', { skip: skipWithoutChromium }, async () => {
  const { page, plot, problems } = await openFront();
  await plot.focus();
  const seen: string[] = [];
  for (let step = 0; step < 7; step++) {
    await page.keyboard.press('ArrowRight');
    seen.push((await page.locator('.tip b').textContent()) ?? '');
  }
  assert.deepEqual(new Set(seen), new Set([...labels.slice(0, 6), 'original']));
  assert.equal(seen.at(-1), 'original');
  await page.locator('[role=status]', { hasText: 'original, the original, File size 1.43 MB, Accuracy (validation) 98.9%' }).waitFor();
  await page.keyboard.press('Home');
  await page.locator('.tip b', { hasText: seen[0] }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.tip').waitFor({ state: 'detached' });
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('pointing at a model shows it, a click opens its recipe, figures, files and graph', { skip: skipWithoutChromium }, async () => {
  const { page, plot, problems } = await openFront();
  await plot.focus();
  await page.keyboard.press('Home');
  const label = (await page.locator('.tip b').textContent()) ?? '';
  const { x, y } = await cursor(page);
  await page.keyboard.press('Escape');
  await page.locator('.tip').waitFor({ state: 'detached' });
  await page.mouse.move(x + 3, y - 2);
  await page.locator('.tip b', { hasText: label }).waitFor();
  await page.mouse.click(x + 3, y - 2);
  const details = page.getByRole('complementary');
  await details.getByRole('heading', { level: 2, name: label }).waitFor();
  assert.equal(await details.locator('.steps li').count(), 2);
  await details.locator('.tile', { hasText: 'File size' }).getByText('22.9 KB').waitFor();
  const model = liveDigits().models.find((each) => each.label === label);
  assert.equal(
    await details.getByRole('link', { name: 'Download the model' }).getAttribute('href'),
    `api/runs/digits/files/models/${model?.id}.onnx`,
  );
  assert.match((await details.getByRole('link', { name: 'Card' }).getAttribute('href')) ?? '', /card\.json$/);
  assert.equal(await details.getByRole('link', { name: 'Graph' }).getAttribute('href'), `#/graph/digits/${model?.id}`);
  await details.getByRole('button', { name: 'Close the details' }).click();
  await details.waitFor({ state: 'detached' });
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a model is opened with Enter, in the chart and in the table', { skip: skipWithoutChromium }, async () => {
  const { page, plot } = await openFront();
  await plot.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Details of original' }).waitFor();
  await page.getByRole('button', { name: labels[7], exact: true }).press('Enter');
  await page.getByRole('complementary', { name: `Details of ${labels[7]}` }).waitFor();
  await page.context().close();
});

test('the front grows while one looks', { skip: skipWithoutChromium }, async () => {
  const { page, plot } = await openFront();
  const [model] = liveDigits().models;
  const smallest = { ...model, id: 'new', label: 'a new model', trial: 13, footprint: { ...model.footprint, bytes: 12_000 } };
  tests.studio.change('digits', { models: [smallest] });
  await page.getByRole('button', { name: 'a new model' }).waitFor();
  await plot.focus();
  await page.keyboard.press('Home');
  await page.locator('.tip b', { hasText: 'a new model' }).waitFor();
  tests.studio.runs.set('digits', liveDigits());
  await page.context().close();
});

test('the measures are chosen, and stay in the address', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await openFront();
  await page.getByLabel('Across').selectOption('latency');
  await page.getByRole('application', { name: 'Models by Latency and Accuracy (validation)' }).waitFor();
  await page.getByLabel('Up').selectOption('bytes');
  await page.getByRole('application', { name: 'Models by Latency and File size' }).waitFor();
  assert.match(page.url(), /x=latency&y=bytes/);
  await page.getByLabel('Up').selectOption('latency');
  await page.getByText('Choose two different measures.').waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('dragging and zooming move the plane, and 0 brings the front back', { skip: skipWithoutChromium }, async () => {
  const { page, plot } = await openFront();
  await plot.focus();
  await page.keyboard.press('Home');
  const before = await cursor(page);
  await page.keyboard.press('+');
  // Away from the middle.
  await until(page, async () => {
    const zoomed = await cursor(page);
    return zoomed.x < before.x && zoomed.y > before.y;
  });
  await page.keyboard.press('0');
  await until(page, async () => Math.abs((await cursor(page)).x - before.x) < 0.5);
  await page.mouse.move(before.x + 200, before.y - 100);
  await page.mouse.down();
  await page.mouse.move(before.x + 240, before.y - 120, { steps: 4 });
  await page.mouse.up();
  await plot.focus();
  await page.keyboard.press('Home');
  await until(page, async () => {
    const moved = await cursor(page);
    return Math.abs(moved.x - before.x - 40) < 1.5 && Math.abs(moved.y - before.y + 20) < 1.5;
  });
  await page.context().close();
});

test('two fingers zoom and move the plane at 390 pixels; one goes sideways', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/run/digits', { viewport: { width: 390, height: 844 }, hasTouch: true });
  const plot = page.getByRole('application');
  await drawn(page, '.front-plot canvas.dots');
  await plot.scrollIntoViewIfNeeded();
  await plot.focus();
  await page.keyboard.press('Home');
  const box = await plot.boundingBox();
  assert.ok(box);
  const before = await cursor(page);
  const devtools = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...spots: readonly (readonly [number, number])[]) =>
    devtools.send('Input.dispatchTouchEvent', { type, touchPoints: spots.map(([x, y], id) => ({ x: box.x + x, y: box.y + y, id })) });
  /** The smallest model's place, from how it was at first; whoever lifts a finger points at nothing. */
  const isMoved = async (dx: number, dy: number) => {
    await plot.focus();
    await page.keyboard.press('Home');
    const now = await cursor(page);
    return Math.abs(now.x - before.x - dx) < 1.5 && Math.abs(now.y - before.y - dy) < 1.5;
  };
  // Around the point itself: from 40 pixels to both sides to 80, and 30 down.
  const [x, y] = [before.x - box.x, before.y - box.y];
  await touch('touchStart', [x - 40, y], [x + 40, y]);
  for (const by of [10, 20, 30, 40]) await touch('touchMove', [x - 40 - by, y + by * 0.75], [x + 40 + by, y + by * 0.75]);
  await touch('touchEnd');
  await until(page, () => isMoved(0, 30));
  await page.keyboard.press('0');
  await until(page, () => isMoved(0, 0));
  // Beside it: what was 20 pixels away from the middle of both is 40 away.
  await touch('touchStart', [x - 20, y], [x + 60, y]);
  for (const by of [10, 20, 30, 40]) await touch('touchMove', [x - 20 - by, y], [x + 60 + by, y]);
  await touch('touchEnd');
  await until(page, () => isMoved(-20, 0));
  await page.keyboard.press('0');
  await until(page, () => isMoved(0, 0));
  await touch('touchStart', [x, y]);
  for (const by of [10, 20, 30, 40]) await touch('touchMove', [x + by, y]);
  await touch('touchEnd');
  await until(page, () => isMoved(40, 0));
  await page.context().close();
});

test('a complete run shows what was measured on the test part, as its report', { skip: skipWithoutChromium }, async () => {
  const { page } = await openFront('/run/team%2Fdone');
  await page.getByRole('columnheader', { name: 'accuracy (test)' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Report' }).getAttribute('href'), 'api/runs/team%2Fdone/files/report.html');
  assert.equal(await page.getByRole('button', { name: 'Pause' }).count(), 0);
  await page.context().close();
});

test('models of a run are compared', { skip: skipWithoutChromium }, async () => {
  const { page } = await openFront();
  for (const label of [labels[0], labels[4]]) await page.getByRole('checkbox', { name: `Compare ${label}`, exact: true }).check();
  await page.getByRole('link', { name: 'Compare 2 models' }).click();
  await page.locator('.compared').waitFor();
  const cells = await page
    .getByRole('row', { name: /File size/ })
    .getByRole('cell')
    .allInnerTexts();
  assert.deepEqual(
    cells.map((text) => text.trim().split(/\s*\n\s*/)),
    [['262 KB'], ['41 KB', '6.4x smaller']],
  );
  await page.context().close();
});
