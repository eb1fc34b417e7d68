import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunInfo } from 'espalier/strategies';
import type { Browser } from 'playwright-core';
import type { DeviceJob, DeviceTensor } from '#dist/studio/api/index.js';
import { espalier, type Ran } from '../../cli/run.js';
import { launchChromium, skipWithoutChromium } from '../../support/browser/index.js';
import { temporaryFolder } from '../support.js';
import { seen, watch } from '../tab/page.js';

const COMMAND = 'optimize --arch mlp --data iris --trials 2 --epochs 8 --serving none --threads 1 --out run --device'.split(' ');

describe('optimize --device', { skip: skipWithoutChromium }, () => {
  const { folder, remove } = temporaryFolder();
  let browser: Browser;
  before(async () => {
    browser = await launchChromium({ webgpu: false });
  });
  after(async () => {
    await browser?.close();
    remove();
  });

  /** Starts the command. @returns the link that it shows, and what came of it. */
  async function start(name: string): Promise<{ link: string; ended: Promise<Ran> }> {
    let told = (_: string) => {};
    const link = new Promise<string>((resolve) => {
      told = resolve;
    });
    const ended = espalier([...COMMAND, name], {
      cwd: folder,
      during: ({ stderr }) => {
        let text = '';
        stderr?.on('data', (part) => {
          text += part;
          const [found] = /http\S+/.exec(text) ?? [];
          if (found && text.indexOf('\n', text.indexOf(found)) > 0) told(found);
        });
      },
    });
    const early = ended.then(({ stderr }) => assert.fail(`no link: ${stderr}`));
    return { link: await Promise.race([link, early]), ended };
  }

  test('the latency of the front is the device’s, and what it answers wrongly with is not on the front', async () => {
    const { link, ended } = await start('my phone');
    const watched = await watch(browser, 'about:blank');
    const { page, context, problems } = watched;
    // The page closes in the middle of the run, at its second job, and comes back; from then on it is told of one model other answers than that gives.
    let jobs = 0;
    let wrong = '';
    let reached = () => {};
    const held = new Promise<void>((resolve) => {
      reached = resolve;
    });
    await context.route('**/jobs/*/model', async (route) => {
      if (jobs === 2) reached();
      else await route.continue();
    });
    await context.route('**/next', async (route) => {
      const response = await route.fetch({ timeout: 0 }).catch(() => undefined);
      if (!response) return route.abort().catch(() => undefined);
      if (response.status() !== 200) return route.fulfill({ response });
      const job = (await response.json()) as DeviceJob;
      if (++jobs > 2 && job.model !== 'original') wrong ||= job.model;
      return route.fulfill({ response, json: job.model === wrong ? withOtherAnswers(job) : job });
    });
    await page.goto(link);
    assert.equal(await page.inputValue('#name'), 'my phone');
    await page.click('text=Start measuring');
    await page.locator('.results > li').first().waitFor();
    assert.match(await seen(page.locator('main')), /my phone/);
    await held;
    await page.reload();
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
    assert.deepEqual(
      problems.filter((text) => !/Failed to load resource|ERR_/.test(text)),
      [],
    );

    const run: RunInfo = JSON.parse(readFileSync(join(folder, 'run', 'front.json'), 'utf8'));
    assert.deepEqual([...run.objectives].sort(), ['bytes', 'latency', 'quality']);
    assert.equal(run.options.device, 'my phone');
    for (const { footprint, label } of [run.baseline, ...run.models]) {
      assert.equal(footprint.latency?.device, 'my phone', label);
      assert.match(String(footprint.latency?.backend), /^WebAssembly/);
    }
    const told = run.models.find(({ id }) => id === wrong);
    assert.ok(told, `${wrong} is one of the models`);
    assert.match(String(told.footprint.latency?.wrong), /wrong/);
    assert.ok(!told.onFront && told.breaks.includes('device'), String(told.breaks));
    const { results } = JSON.parse(readFileSync(join(folder, 'run', 'devices.json'), 'utf8'));
    assert.equal(new Set(results.map(({ model }: { model: string }) => model)).size, results.length, 'each model is measured once');
    assert.deepEqual(readdirSync(join(folder, 'run', 'device-jobs')), []);
    assert.match(readFileSync(join(folder, 'run', 'report.html'), 'utf8'), /Latency on my phone: median/);

    const again = await espalier([...COMMAND, 'my phone'], { cwd: folder });
    assert.equal(again.code, 0, again.stderr);
    const other = await espalier([...COMMAND, 'tablet'], { cwd: folder });
    assert.match(other.stderr, /There is a run with other device here/);
  });

  test('what has latency from elsewhere is refused before anything is done', async () => {
    const { code, stderr } = await espalier([...COMMAND, 'x', '--hardware', 'stm32f4'], { cwd: folder });
    assert.equal(code, 2);
    assert.match(stderr, /--device.*--hardware has it estimated/);
  });
});

/** The job with an expected answer that no model gives. */
function withOtherAnswers(job: DeviceJob): DeviceJob {
  const [first, ...rest] = job.expected;
  const values = new Float32Array(new Uint8Array(Buffer.from(first.data, 'base64')).buffer).map((value) => 2 * value + 1);
  const other: DeviceTensor = { ...first, data: Buffer.from(values.buffer).toString('base64') };
  return { ...job, expected: [other, ...rest] };
}
