import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { skipWithoutChromium, useBrowser } from '../support/browser/index.js';
import { contract } from './contract.js';

describe('the runtime for pages', { skip: skipWithoutChromium }, () => {
  const browser = useBrowser();

  /** Runs cases of the contract in a page; gives what went wrong with each, by name. */
  async function failures(
    page: Page,
    backend: 'wasm' | 'webgpu',
    threads: number,
    cases: readonly string[],
    inThread = false,
  ): Promise<object> {
    return page.evaluate(
      async ([backend, threads, cases, inThread]) => {
        const { createWebRuntime } = await import('espalier/infrastructure/runtime/web');
        const at = '/build/tests/infrastructure/';
        const { runCase } = (await import(`${at}contract.js`)) as typeof import('./contract.js');
        const { heavyModel } = (await import(`${at}models.js`)) as typeof import('./models.js');
        const beside = '/dist/infrastructure/runtime/web/in-thread/index.js';
        const { createInThreadRuntime } = (await import(beside)) as typeof import('#dist/infrastructure/runtime/web/in-thread/index.js');
        const create = () => (inThread ? createInThreadRuntime({ threads }) : createWebRuntime({ threads }));
        // While a program lives, others take over its compiled WebAssembly: that is what takes long with WebGPU.
        const keeper = create();
        await keeper.compile(heavyModel(1), { backend });
        const failed: Record<string, string> = {};
        for (const name of cases) {
          const implementation = { create, backend, namesNodes: false, survives: backend !== 'webgpu' };
          await runCase(name, implementation).catch((error: Error) => {
            failed[name] = String(error.stack);
          });
        }
        await keeper.dispose();
        return failed;
      },
      [backend, threads, cases, inThread] as const,
    );
  }

  /** What a backend or threads could change. */
  const some = contract.filter((name) => /type|resident|kernel|abort/.test(name));

  for (const [backend, threads, cases] of [
    ['wasm', 1, contract],
    ['wasm', 2, some],
    ['webgpu', 1, some],
  ] as const) {
    test(`keeps the contract on ${backend} with ${threads} thread(s)`, async () => {
      const { page, problems } = await browser.open('/isolated/');
      assert.deepEqual(await failures(page, backend, threads, cases), {});
      assert.deepEqual(problems, []);
      await page.close();
    });
  }

  test('keeps the contract in the thread that asks', async () => {
    const { page, problems } = await browser.open('/isolated/');
    assert.deepEqual(await failures(page, 'wasm', 1, contract, true), {});
    assert.deepEqual(problems, []);
    await page.close();
  });

  test('fetches models by their address, and says what cannot be had in a page', async () => {
    const { page } = await browser.open('/plain/');
    const said = await page.evaluate(async () => {
      const { createWebRuntime } = await import('espalier/infrastructure/runtime/web');
      const { UnsupportedError } = await import('espalier/base');
      const { encodeModel } = await import('espalier/onnx');
      const runtime = createWebRuntime();
      const models = '/build/tests/infrastructure/models.js';
      const { heavyModel } = (await import(models)) as typeof import('./models.js');
      const path = URL.createObjectURL(new Blob([encodeModel(heavyModel(1)) as Uint8Array<ArrayBuffer>]));
      const program = await runtime.compile({ path });
      const refused = async (options: object) => {
        const error = await runtime.compile({ path: 'none.onnx' }, options).catch((cause: Error) => cause);
        return `${error instanceof UnsupportedError} ${(error as Error).message}`;
      };
      const found = [program.inputs.length > 0, await refused({}), await refused({ threads: 2 })];
      found.push(await refused({ profile: true }), await refused({ backend: 'cpu' }));
      const misled = createWebRuntime({ modules: { wasm: 'none.mjs' } });
      found.push(await misled.compile(heavyModel(1)).then(String, (cause: Error) => cause.message));
      await misled.dispose();
      await runtime.dispose();
      return found;
    });
    assert.equal(said[0], true);
    assert.match(String(said[1]), /^false none\.onnx: The model cannot be fetched\. Got status 404/);
    assert.match(String(said[2]), /^true threads: .*Cross-Origin-Opener-Policy/);
    assert.match(String(said[3]), /^true profile: /);
    assert.match(String(said[4]), /^true backend: .*expected wasm or webgpu/i);
    assert.match(String(said[5]), /plain\/none\.mjs.*createWebRuntime\(\{ modules \}\)/);
    await page.close();
  });
});
