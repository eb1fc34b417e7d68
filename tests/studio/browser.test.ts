import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { reportHtml } from 'espalier/report/render';
import type { Browser, Page } from 'playwright-core';
import { digitsRun } from '../fixtures/report/samples.js';
import { launchChromium, skipWithoutChromium } from '../support/browser/index.js';
import { TestStudio, temporaryFolder } from './support.js';

const { folder, remove } = temporaryFolder();
const web = join(folder, 'web');
const root = join(folder, 'root');
const options = { skip: skipWithoutChromium };
let browser: Browser;
let studio: TestStudio;
let elsewhere: Server;
let attacker: string;
before(async () => {
  mkdirSync(join(web, 'assets'), { recursive: true });
  mkdirSync(join(root, 'run'), { recursive: true });
  writeFileSync(
    join(web, 'index.html'),
    '<!doctype html><title>studio</title><script>document.title = "inline";</script><script type="module" src="./assets/page.js"></script>',
  );
  writeFileSync(join(web, 'device.html'), '<!doctype html><title>device</title>');
  writeFileSync(join(web, 'assets', 'page.js'), 'globalThis.session = await (await fetch("api/session")).json(); globalThis.ready = true;');
  writeFileSync(join(root, 'run', 'journal.jsonl'), '');
  mkdirSync(join(root, 'real'));
  writeFileSync(join(root, 'real', 'journal.jsonl'), '');
  writeFileSync(join(root, 'real', 'report.html'), reportHtml(digitsRun()));
  // What a report from somebody else might try.
  const script =
    'document.title = JSON.stringify([origin, await fetch("/api/session").then(() => "fetched", () => "refused"), (() => { try { return document.cookie; } catch { return "no cookie"; } })(), await new Promise((r) => { const i = new Image(); i.onload = i.onerror = (e) => r(e.type); i.src = "/api/session"; })]);';
  writeFileSync(join(root, 'run', 'report.html'), `<!doctype html><script type="module">${script}</script>`);
  studio = await TestStudio.open(root, { web });
  elsewhere = createServer((_, response) =>
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>elsewhere</title>'),
  ).listen(0, '127.0.0.1');
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  attacker = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  if (!skipWithoutChromium) browser = await launchChromium({ webgpu: false });
});
after(async () => {
  await browser?.close();
  await studio?.close();
  elsewhere?.close();
  remove();
});

/** A page of a browser that has opened the link. */
async function opened(): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  // A busy machine takes as long as it takes.
  page.setDefaultTimeout(0);
  await page.goto(studio.studio.links[0]);
  return page;
}

test('the link opens the page: without its token in the address, isolated from other sites, without inline script', options, async () => {
  const page = await opened();
  assert.equal(page.url(), `${studio.origin}/`);
  await page.waitForFunction('globalThis.ready');
  assert.equal(await page.evaluate('session.version'), '0.0.0');
  assert.equal(await page.evaluate('crossOriginIsolated'), true);
  assert.equal(await page.title(), 'studio');
  assert.equal(await page.evaluate('document.cookie'), '');
  await page.goto(`${studio.origin}/device#token`);
  assert.equal(await page.title(), 'device');
  await page.context().close();
});

test('a report runs its script in an origin of its own, and reaches nothing', options, async () => {
  const page = await opened();
  await page.goto(`${studio.origin}/api/runs/run/files/report.html`);
  await page.waitForFunction('document.title !== ""');
  assert.deepEqual(JSON.parse(await page.title()), ['null', 'refused', 'no cookie', 'error']);
  await page.context().close();
});

test('a report of this package works there, and says where the files are that it cannot lead to', options, async () => {
  const page = await opened();
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  await page.goto(`${studio.origin}/api/runs/real/files/report.html`);
  await page.locator('#plot g.node[data-index="5"]').click();
  assert.equal(await page.locator('article.selected .glance h2').textContent(), digitsRun().models[4].label);
  assert.equal(await page.locator('a[href^="./"]').count(), 0);
  assert.match((await page.locator('article.selected .actions').textContent()) ?? '', /ONNX file: models\/\S+\.onnx/);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a page of another server on this machine gets nothing, and changes nothing', options, async () => {
  const page = await opened();
  await page.goto(attacker);
  const attempts = await page.evaluate(async (target) => {
    const attempt = async (work: () => Promise<unknown>) => work().then(String, (error) => error.name);
    const ask = (path: string, init?: RequestInit) =>
      attempt(async () => (await fetch(target + path, { credentials: 'include', ...init })).text());
    return {
      look: await ask('/api/runs'),
      upload: await ask('/api/uploads', { method: 'POST' }),
      simple: await ask('/api/runs/run/steering', { method: 'POST', body: '{"kind":"stop"}', headers: { 'Content-Type': 'text/plain' } }),
      blind: await attempt(
        async () => (await fetch(`${target}/api/uploads`, { method: 'POST', mode: 'no-cors', credentials: 'include' })).type,
      ),
    };
  }, studio.origin);
  assert.deepEqual([attempts.look, attempts.upload, attempts.simple], ['TypeError', 'TypeError', 'TypeError']);
  // Nothing was made, whatever was sent.
  const waiting = await Promise.all(Array.from({ length: 17 }, () => studio.ask('/api/uploads', { method: 'POST' })));
  assert.equal(waiting.filter(({ status }) => status === 201).length, 16);
  await page.context().close();
});
