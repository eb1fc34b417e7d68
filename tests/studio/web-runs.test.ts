import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/browser/index.js';
import { liveDigits } from '../support/studio/live.js';
import { useStudio } from '../support/studio/open.js';

const tests = useStudio();

test('runs are listed with what matters, and grow while one looks', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/');
  const row = page.locator('tbody tr', { hasText: 'digits' });
  await row.waitFor();
  for (const text of ['Searching', '13 of 20', 'about 1 min 35 s']) await row.getByText(text, { exact: true }).waitFor();
  assert.equal(await row.locator('td').nth(4).textContent(), '6');
  const [trial] = tests.studio.runs.get('digits')?.trials.slice(-1) ?? [];
  tests.studio.change('digits', { trials: [{ ...trial, state: 'completed' }], secondsLeft: 61 });
  await row.getByText('14 of 20', { exact: true }).waitFor();
  await row.getByText('about 1 min 1 s', { exact: true }).waitFor();
  await row.getByRole('link', { name: 'digits' }).click();
  await page.getByRole('heading', { level: 1, name: 'digits' }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('two runs are chosen with the keyboard and compared', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await tests.open('/');
  await page.getByRole('checkbox', { name: 'Compare digits' }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.getByRole('link', { name: 'Compare 2 runs' }).press('Enter');
  // Each run is there when it has come.
  await page.locator('.compared thead a').nth(1).waitFor();
  assert.deepEqual(await page.locator('.compared thead a').allInnerTexts(), ['digits', 'done']);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('columns sort by what they hold', { skip: skipWithoutChromium }, async () => {
  const { page } = await tests.open('/');
  const names = () => page.locator('tbody th a').allInnerTexts();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('th[aria-sort=ascending]').waitFor();
  assert.deepEqual(await names(), ['digits', 'done']);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('th[aria-sort=descending]').waitFor();
  assert.deepEqual(await names(), ['done', 'digits']);
  await page.context().close();
});

test('an empty folder says what to do, an error what is wrong; the list comes by itself when it can', {
  skip: skipWithoutChromium,
}, async () => {
  const { studio } = tests;
  const runs = new Map(studio.runs);
  studio.runs.clear();
  const { page } = await tests.open('/');
  await page.getByText('There is no run in this folder yet').waitFor();
  studio.refusal = { status: 401, message: 'The token is missing or wrong', fix: 'Open the link that the studio printed.' };
  const alert = page.getByRole('alert');
  await alert.getByText('The token is missing or wrong').waitFor();
  await alert.getByText('Open the link that the studio printed.').waitFor();
  studio.refusal = undefined;
  studio.runs.set('late', liveDigits({ name: 'late' }));
  await page.getByRole('link', { name: 'late' }).waitFor();
  assert.equal(await alert.count(), 0);
  studio.runs.clear();
  for (const [id, run] of runs) studio.runs.set(id, run);
  await page.context().close();
});

test('where no runs are started there is no way to start one', { skip: skipWithoutChromium }, async () => {
  tests.studio.canStart = false;
  const { page } = await tests.open('/start');
  await page.getByText('No runs are started here.').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Start' }).count(), 0);
  tests.studio.canStart = true;
  await page.context().close();
});
