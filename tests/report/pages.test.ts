import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { lowerGraph, planMemory, prepare, summarize } from 'espalier/codegen';
import { estimateOn, footprint, hardwareNamed } from 'espalier/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { estimateHtml, inspectHtml, programHtml } from 'espalier/report/render';
import type { Browser } from 'playwright-core';
import { convolutionModel } from '../infrastructure/models.js';
import { launchChromium, skipWithoutChromium } from '../support/browser/index.js';

describe('pages of single models in a browser', { skip: skipWithoutChromium }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium({ webgpu: false });
  });
  after(() => browser?.close());

  test('never scroll sideways, and their panels stand apart', async () => {
    const runtime = createNodeRuntime();
    const model = await prepare(convolutionModel(), { runtime });
    const lowered = lowerGraph(model);
    await runtime.dispose();
    const cost = footprint(convolutionModel());
    const name = `a/path/${'without-a-place-to-break'.repeat(4)}.onnx`;
    const pages = {
      plan: programHtml(summarize({ model, lowered, plan: planMemory(lowered.kernels) }), name),
      estimate: estimateHtml(estimateOn(cost, hardwareNamed('tpu-v1')), name),
      inspect: inspectHtml(cost, name),
    };
    for (const [title, html] of Object.entries(pages)) {
      for (const width of [1280, 390]) {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        // A busy machine takes as long as it takes.
        page.setDefaultTimeout(0);
        await page.setContent(html);
        assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width, `${title} at ${width}`);
        const tops = 'const main = [...document.querySelector("main").children].map((each) => each.getBoundingClientRect());';
        const gaps = `(() => { ${tops} return main.slice(1).map(({ top }, i) => top - main[i].bottom); })()`;
        for (const gap of (await page.evaluate(gaps)) as number[])
          assert.ok(gap >= 8, `${title} at ${width}: ${gap} pixels between panels`);
        await page.close();
      }
    }
  });
});
