import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/browser/index.js';
import { drawn } from '../support/studio/drawn.js';
import { residualGraph } from '../support/studio/graphs.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';
import { MOST_UNITS, unitOfWork, workPerFrame } from '../support/studio/work.js';

const tests = useStudio();
const [{ id: model }] = liveDigits().models;

test('layers are found in the list, chosen with keys, and followed along the graph', { skip: skipWithoutChromium }, async () => {
  tests.studio.graphs.set(model, residualGraph(8));
  const { page, problems } = await tests.open(`/graph/digits/${model}`);
  await page.locator('.graph-canvas').waitFor();
  await page.getByLabel('Search').fill('layer3');
  const layers = page.getByRole('table', { name: 'Layers' }).locator('tbody tr');
  await layers.nth(3).waitFor();
  await layers.nth(4).waitFor({ state: 'detached' });
  assert.equal(await layers.count(), 4);
  await page.getByRole('button', { name: 'Conv /layer3/conv2' }).press('Enter');
  const details = page.getByRole('region', { name: 'Details of Conv /layer3/conv2' });
  await details.getByText('3, 3').waitFor();
  await details.getByRole('button', { name: 'Add /layer3/add' }).click();
  await page.getByRole('region', { name: 'Details of Add /layer3/add' }).waitFor();
  await page.getByLabel('Coloured by').selectOption('activationBytes');
  await page.getByRole('columnheader', { name: 'bytes of activations' }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a click on a node chooses it', { skip: skipWithoutChromium }, async () => {
  tests.studio.graphs.set(model, residualGraph(1));
  const { page } = await tests.open(`/graph/digits/${model}`);
  await drawn(page, '.graph-canvas');
  const canvas = page.locator('.graph-canvas');
  const box = await canvas.boundingBox();
  assert.ok(box);
  // The graph's first node is at the top; where across is the layout's business.
  for (let x = 20; x < box.width && (await page.locator('.node-details').count()) === 0; x += 60)
    await page.mouse.click(box.x + x, box.y + 35);
  await page.getByRole('region', { name: 'Details of Input image' }).waitFor();
  await page.context().close();
});

test('a graph of 4,000 nodes is laid out beside the page, and is moved with little work', { skip: skipWithoutChromium }, async () => {
  tests.studio.graphs.set(model, residualGraph(1000, 'large'));
  const { page, problems } = await tests.open(`/graph/digits/${model}`);
  await drawn(page, '.graph-canvas');
  const canvas = page.locator('.graph-canvas');
  await page.getByRole('button', { name: 'All' }).click();
  await canvas.focus();
  const work = await workPerFrame(page, 40, (index) => page.keyboard.press(index % 2 === 0 ? 'ArrowLeft' : 'ArrowRight'));
  await page.getByRole('button', { name: 'Beginning' }).click();
  await canvas.focus();
  const near = await workPerFrame(page, 40, () => page.keyboard.press('ArrowDown'));
  const unit = await unitOfWork(page);
  console.log(
    `Milliseconds of main-thread work a frame, the median: ${work.toFixed(1)} with 4,002 nodes in sight, ${near.toFixed(1)} near by, ${unit.toFixed(1)} for a million square roots.`,
  );
  assert.ok(work < MOST_UNITS * unit && near < MOST_UNITS * unit, `${work} and ${near} ms`);
  assert.ok((await page.locator('.graph-board tbody tr').count()) < 100, 'only rows in sight are in the page');
  assert.deepEqual(problems, []);
  await page.context().close();
});
