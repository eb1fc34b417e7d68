import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunInfo, Steering } from 'espalier/strategies';
import type { Browser } from 'playwright-core';
import { launchChromium, skipWithoutChromium } from '../support/browser/index.js';
import { TestStudio, temporaryFolder } from './support.js';

describe('a real run in the real studio', { skip: skipWithoutChromium }, () => {
  const { folder, remove } = temporaryFolder();
  let studio: TestStudio;
  let browser: Browser;
  before(async () => {
    [studio, browser] = await Promise.all([TestStudio.open(folder), launchChromium({ webgpu: false })]);
  });
  after(async () => {
    await browser?.close();
    await studio?.close();
    remove();
  });

  test('is watched while its front grows, paused, resumed, limited anew and stopped in the page; what it then does is what it was told', async () => {
    const asked = { name: 'live', model: { architecture: 'mlp' }, data: { name: 'iris' }, trials: 400, epochs: 6, limits: { maxDrop: 60 } };
    const { status, text } = await studio.ask('/api/runs', { method: 'POST', json: asked });
    assert.equal(status, 201, text);
    const page = await browser.newPage();
    // A busy machine takes as long as it takes.
    page.setDefaultTimeout(0);
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    await page.goto(studio.studio.links[0]);
    await page
      .getByRole('link', { name: /live|mlp on iris/ })
      .first()
      .click();
    await page.getByText(/^[3-9] of 400 trials|^\d\d+ of 400 trials/).waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();

    await page.getByRole('button', { name: 'Change limits' }).click();
    const form = page.getByRole('form', { name: 'Limits' });
    await form.getByLabel('Largest file').fill('3 KB');
    await form.getByRole('button', { name: 'Apply' }).click();
    await page.locator('.chips li', { hasText: 'Largest file 3 KB' }).waitFor();
    const { trials } = (await studio.ask('/api/runs/live')).json;
    await page.waitForFunction((least) => {
      const { document } = globalThis as unknown as { document: { body: { textContent: string } } };
      return Number(/(\d+) of 400 trials/.exec(document.body.textContent)?.[1]) >= least;
    }, trials.length + 5);

    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'Stop the run' }).click();
    await page
      .getByText(/^Complete/i)
      .first()
      .waitFor();
    assert.deepEqual(problems, []);

    const front = JSON.parse(readFileSync(join(folder, 'live', 'front.json'), 'utf8')) as RunInfo;
    assert.equal(front.limits.maxSize, 3000);
    for (const model of front.models.filter(({ onFront }) => onFront)) assert.ok(model.footprint.bytes <= 3000, model.label);
    const steered = readFileSync(join(folder, 'live', 'journal.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { record: { kind: string; data: { message: Steering } } }).record)
      .filter(({ kind }) => kind === 'steered')
      .map(({ data }) => data.message);
    assert.deepEqual(steered.slice(0, 3), [{ kind: 'pause' }, { kind: 'resume' }, { kind: 'limits', limits: { maxSize: 3000 } }]);
  });
});
