import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Locator, Page, Request } from 'playwright-core';

/** What is used here inside pages. */
declare const document: { querySelector(selector: string): object | null };

/** A page of the studio under a listener: what it asked for, and what went wrong in it. */
export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Of the page and of its workers, in order. */
  readonly requests: Request[];
  readonly problems: string[];
}

/** Opens an address in a context of its own. */
export async function watch(browser: Browser, address: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  const watched: Watched = { context, page, requests: [], problems: [] };
  context.on('request', (request) => watched.requests.push(request));
  page.on('websocket', (socket) => watched.problems.push(`a socket to ${socket.url()}`));
  page.on('console', (message) => message.type() === 'error' && watched.problems.push(message.text()));
  page.on('pageerror', (error) => watched.problems.push(error.message));
  const response = await page.goto(address);
  // What is waited for would never come.
  if (response && !response.ok()) throw new Error(`${address} answers ${response.status()}`);
  return watched;
}

/** Opens the page of the tab, and waits until it needs nothing any more. */
export async function openTab(browser: Browser, origin: string, options?: Parameters<typeof watch>[2]): Promise<Watched> {
  const watched = await watch(browser, `${origin}/tab`, options);
  await watched.page.waitForSelector('[data-ready=true], .bad-notice');
  return watched;
}

/** Chooses a model and waits for what the page says of it: its name, or what is wrong with it. */
export async function chooseModel(page: Page, path: string | { name: string; mimeType: string; buffer: Buffer }): Promise<string> {
  const panel = page.locator('section[aria-label=Model]');
  await panel.locator('input[type=file]').setInputFiles(path);
  await page.waitForFunction(() => !document.querySelector('section[aria-label=Model] .panel-head ~ p.quiet'));
  return (await panel.locator('[role=alert]').allTextContents()).join() || (await seen(panel));
}

/** The panel of the latest model that was made. */
export function made(page: Page, name: string) {
  return page.locator(`section[aria-label="${name}"]:has(a[download][href])`);
}

/** Text as a person sees it: what stands apart is apart. */
export function seen(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: cells of a table would run together
  return locator.innerText();
}

/** What is downloaded by a click on a link. */
export async function downloaded(page: Page, selector: string): Promise<Uint8Array> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  return new Uint8Array(readFileSync(await download.path()));
}
