import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { type App, makeApp } from '../support/app.js';
import { root } from '../support/paths.js';

let app: App;
/** Where nothing is installed but ONNX Runtime, which no bundle can hold. */
let elsewhere: string;
before(() => {
  app = makeApp();
  elsewhere = mkdtempSync(join(tmpdir(), 'espalier-elsewhere-'));
  writeFileSync(join(elsewhere, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(elsewhere, 'node_modules'));
  symlinkSync(join(root, 'node_modules', 'onnxruntime-node'), join(elsewhere, 'node_modules', 'onnxruntime-node'), 'junction');
});
after(() => {
  app?.remove();
  rmSync(elsewhere, { recursive: true, force: true });
});

function run(file: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  return stdout + stderr;
}

async function withEsbuild(out: string, entryPoints: Record<string, string>, format: 'esm' | 'cjs'): Promise<void> {
  await esbuild.build({
    absWorkingDir: app.folder,
    entryPoints,
    outdir: out,
    outExtension: format === 'cjs' ? { '.js': '.cjs' } : {},
    bundle: true,
    platform: 'node',
    format,
    external: ['onnxruntime-node'],
    logLevel: 'silent',
  });
}

for (const format of ['esm', 'cjs'] as const) {
  test(`esbuild for Node, ${format}: without any settings where the package is installed`, async () => {
    await withEsbuild(format, { app: './node.js' }, format);
    assert.equal(run(join(app.folder, format, format === 'cjs' ? 'app.cjs' : 'app.js')), '256\n256\n');
  });
}

test('esbuild for Node: with the worker beside it the bundle runs anywhere, and without it says what is missing', async () => {
  await withEsbuild('whole', { app: './node.js', 'espalier-node-worker': 'espalier/workers/node' }, 'esm');
  cpSync(join(app.folder, 'whole'), join(elsewhere, 'whole'), { recursive: true });
  assert.equal(run(join(elsewhere, 'whole', 'app.js')), '256\n256\n');
  rmSync(join(elsewhere, 'whole', 'espalier-node-worker.js'));
  assert.match(
    run(join(elsewhere, 'whole', 'app.js')),
    /^ResourceError: espalier-node-worker\.js: .*espalier\/workers\/node.*docs\/bundlers\.md/,
  );
});

test('Rollup for Node: with the worker beside it the bundle runs anywhere', async () => {
  const input = { app: './node.js', 'espalier-node-worker': 'espalier/workers/node' };
  const plugins = [nodeResolve({ rootDir: app.folder })];
  const bundle = await rollup({ input, external: ['onnxruntime-node', /^node:/], plugins, onwarn: () => {} });
  await bundle.write({ dir: join(elsewhere, 'rollup'), format: 'es' });
  assert.equal(run(join(elsewhere, 'rollup', 'app.js')), '256\n256\n');
});
