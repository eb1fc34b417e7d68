import { after, before } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../browser/index.js';
import { frontOf, liveDigits } from './live.js';
import { FixtureStudio } from './server.js';

/** A studio, and a browser to look at it, for the tests of a file. */
export interface StudioTests {
  readonly studio: FixtureStudio;
  /** Opens a view in a page of its own. `problems` collects what goes wrong in it, broken policies among them. */
  open(hash: string, options?: BrowserContextOptions): Promise<{ page: Page; problems: string[] }>;
  readonly address: string;
}

/** Two runs: "digits" searches, "team/done" is complete. */
export function useStudio(): StudioTests {
  const studio = new FixtureStudio();
  let browser: Browser;
  let address = '';
  before(async () => {
    studio.runs.set('digits', liveDigits());
    const done = liveDigits({ name: 'done', state: 'complete', secondsLeft: undefined });
    studio.runs.set('team/done', done);
    studio.fronts.set('team/done', frontOf(done));
    [browser, address] = await Promise.all([launchChromium({ webgpu: false }), studio.open()]);
  });
  after(async () => {
    await browser?.close();
    await studio.close();
  });
  return {
    studio,
    get address() {
      return address;
    },
    open: async (hash, options) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      // A busy machine takes as long as it takes: what is waited for comes or fails.
      page.setDefaultTimeout(0);
      const problems: string[] = [];
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(`${address}#${hash}`);
      return { page, problems };
    },
  };
}
