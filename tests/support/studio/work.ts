import type { Page } from 'playwright-core';

/**
 * Main-thread work of a page while something is done in each of so many frames: milliseconds that its tasks took, as the browser itself counts them (scripts, styles,
 * layout and painting alike), of all processes' time only its own.
 * @returns the median of the frames, less that of frames in which nothing is done: what measuring takes.
 */
export async function workPerFrame(page: Page, frames: number, act: (index: number) => Promise<unknown>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  // Time on the processor: that of a machine with other work is not the page's.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taken = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
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
  await session.detach();
  return work;
}
