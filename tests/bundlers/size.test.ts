import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as esbuild from 'esbuild';
import { type App, makeApp } from '../support/app.js';

let app: App;
before(() => {
  app = makeApp();
});
after(() => app?.remove());

/** Bytes of a bundle of some lines of code. */
async function size(contents: string): Promise<number> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: app.folder },
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'esm',
    external: ['onnxruntime-node', 'sharp'],
    logLevel: 'silent',
  });
  return outputFiles[0].contents.byteLength;
}

test('who imports one thing bundles what it needs, not the whole library', async () => {
  const all = await size(`import * as espalier from 'espalier'; console.log(Object.keys(espalier))`);
  assert.ok(all > 500_000, `${all} bytes of everything`);
  for (const [name, from, share] of [
    ['front', 'espalier', 0.01],
    ['loadModel', 'espalier', 0.2],
    // Batches are as large as memory allows, which takes the shapes of all values and so the rules of all operators.
    ['evaluate', 'espalier/training', 0.25],
    ['createWebRuntime', 'espalier/infrastructure/runtime/web', 0.25],
  ] as const) {
    const one = await size(`import { ${name} } from '${from}'; console.log(${name})`);
    assert.ok(one < share * all, `${name} takes ${one} bytes of ${all}`);
  }
});
