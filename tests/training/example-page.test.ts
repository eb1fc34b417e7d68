import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchChromium, openPage, skipWithoutChromium } from '../support/browser/index.js';
import { root } from '../support/paths.js';

let browser: Browser | undefined;
let server: ChildProcess | undefined;
let address = '';
before(async () => {
  if (skipWithoutChromium) return;
  server = spawn(process.execPath, ['examples/train-in-browser.mjs', '--port', '0'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(server.stdout as NodeJS.ReadableStream, 'data');
  address = /http:\S+/.exec(String(said))?.[0] ?? '';
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  server?.kill();
});

test('the example page trains on the digits, stays responsive, and offers the model', { skip: skipWithoutChromium }, async () => {
  const { page, problems } = await openPage(browser as Browser, address);
  assert.deepEqual(problems, []);
  // What waits for a page that broke would wait for ever.
  page.on('pageerror', (error) => {
    console.error(error);
    void page.close();
  });
  await page.fill('#epochs', '4');
  // Animation frames come while a step runs: it does not run in the page's own thread.
  const frames = page.evaluate<number>(`new Promise((resolve) => {
    let count = 0;
    const tick = () => {
      const isRunning = document.getElementById('status').dataset.state === 'running';
      if (isRunning && document.querySelector('#curve .loss')) count++;
      if (count > 0 && !isRunning) resolve(count);
      else requestAnimationFrame(tick);
    };
    tick();
  })`);
  await page.click('#start');
  await page.waitForSelector('#curve .loss');
  await page.waitForSelector('#status[data-state=done], #status[data-state=failed]');
  assert.ok((await frames) >= 5, `${await frames} frames during the training`);
  assert.equal(await page.textContent('#status'), 'Trained for 4 epochs.');
  const [percent] = /[\d.]+/.exec((await page.textContent('#verdict')) ?? '') ?? [];
  assert.ok(Number(percent) > 80, `${percent}% where one in ten is chance`);
  const bytes = await page.evaluate(
    `fetch(document.getElementById('download').href).then(async (got) => (await got.arrayBuffer()).byteLength)`,
  );
  assert.ok((bytes as number) > 100_000, `${bytes} bytes`);
  // It is stopped long before its end.
  await page.fill('#epochs', '100');
  await page.click('#start');
  await page.click('#stop');
  await page.waitForSelector('#status[data-state=idle]');
  assert.deepEqual(problems, []);
});
