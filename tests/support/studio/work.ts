import type { Page } from 'playwright-core';

/** Milliseconds of work that the main thread of a page has had, as the browser itself counts its tasks (scripts, styles, layout and painting alike). */
async function meter(page: Page): Promise<{ taken(): Promise<number>; close(): Promise<void> }> {
  const session = await page.context().newCDPSession(page);
  // Time on the processor: that of a machine with other work is not the page's.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return {
    taken: async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
    },
    close: () => session.detach(),
  };
}

/**
 * Main-thread work of a page while something is done in each of so many frames.
 * @returns milliseconds, the median of the frames, less that of frames in which nothing is done: what measuring takes.
 */
export async function workPerFrame(page: Page, frames: number, act: (index: number) => Promise<unknown>): Promise<number> {
  const { taken, close } = await meter(page);
  const nextFrame = () => page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  const median = async (each: (index: number) => Promise<unknown>) => {
    const work: number[] = [];
    for (let index = 0; index < frames; index++) {
      const before = await taken();
      await each(index);
      await nextFrame();
      work.push((await taken()) - before);
    }
    return work.sort((a, b) => a - b)[Math.floor(frames / 2)];
  };
  const measuring = await median(async () => {});
  const work = (await median(act)) - measuring;
  await close();
  return work;
}

/**
 * Loads a page again up to its first contentful paint.
 * @returns milliseconds: `work`, of its main thread until the paint is known of; `clock`, from the beginning to the paint, on a machine that may have other work.
 */
export async function firstPaint(page: Page): Promise<{ work: number; clock: number }> {
  const { taken, close } = await meter(page);
  const before = await taken();
  await page.reload({ waitUntil: 'commit' });
  // A paint is told of some time after it: it is waited for, not looked up.
  const clock = await page.evaluate<number>(`new Promise((painted) => {
    const seen = (list) => list.getEntriesByName('first-contentful-paint').forEach((paint) => painted(paint.startTime));
    new PerformanceObserver(seen).observe({ type: 'paint', buffered: true });
  })`);
  const work = (await taken()) - before;
  await close();
  return { work, clock };
}

/**
 * Units of work that a frame may take: some 25 ms where a unit takes 6. There 10,000 trials take 10 to 13 ms a frame; drawn one by one they took 50.
 */
export const MOST_UNITS = 4;

/** Milliseconds that a million square roots take on the main thread of a page: what its other work is judged by, or a slow processor would make a bad page. */
export function unitOfWork(page: Page): Promise<number> {
  const roots = '{ const roots = new Float64Array(1e6); for (let i = 0; i < 1e6; i++) roots[i] = Math.sqrt(i); }';
  return workPerFrame(page, 20, () => page.evaluate(roots));
}
