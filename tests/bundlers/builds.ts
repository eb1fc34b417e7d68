import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';

/** Builds the page of an app's folder into `out` inside it, with the settings of docs/bundlers.md. */
export type Build = (folder: string, out: string) => Promise<void>;

const workers = { 'espalier-wasm-worker': 'espalier/workers/wasm', 'espalier-webgpu-worker': 'espalier/workers/webgpu' };
const binaries = ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'];

export const builds: Readonly<Record<string, Build>> = {
  Vite: async (folder, out) => {
    await vite.build({ root: folder, logLevel: 'error', build: { outDir: out } });
  },

  webpack: async (folder, out) => {
    const options = {
      context: folder,
      mode: 'production',
      entry: './page.js',
      output: { path: join(folder, out), filename: 'page.js' },
    } as const;
    const stats = await new Promise<webpack.Stats | undefined>((done, fail) =>
      webpack(options, (error, stats) => (error ? fail(error) : done(stats))),
    );
    if (stats?.hasErrors()) throw new Error(stats.toString('errors-only'));
    writePage(folder, out);
  },

  esbuild: async (folder, out) => {
    const wasm = Object.fromEntries(binaries.map((name) => [name, `onnxruntime-web/${name}.wasm`]));
    await buildWithEsbuild(folder, out, { page: './page.js', ...workers, ...wasm });
  },

  Rollup: async (folder, out) => {
    const input = { page: './page.js', ...workers };
    const bundle = await rollup({ input, plugins: [nodeResolve({ browser: true, rootDir: folder })], onwarn: () => {} });
    await bundle.write({ dir: join(folder, out), format: 'es' });
    for (const name of binaries)
      cpSync(join(folder, 'node_modules', 'onnxruntime-web', 'dist', `${name}.wasm`), join(folder, out, `${name}.wasm`));
    writePage(folder, out);
  },
};

/** @param entries what is built, by the name that it is to have. */
export async function buildWithEsbuild(folder: string, out: string, entries: Record<string, string>): Promise<void> {
  await esbuild.build({
    absWorkingDir: folder,
    entryPoints: entries,
    outdir: out,
    bundle: true,
    format: 'esm',
    loader: { '.wasm': 'copy' },
    logLevel: 'silent',
  });
  writePage(folder, out);
}

/** The page's file for bundlers that make scripts only. */
function writePage(folder: string, out: string): void {
  writeFileSync(
    join(folder, out, 'index.html'),
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>',
  );
}
