// What is made for browsers: `vite build` bundles each .html file of src/studio/web into dist/studio/web, beside the server that hands them out, and first the
// script of the report, which is a part of the library.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { REPORT_SCRIPT, writeReportScript } from './scripts/report-script.mjs';
import { workerLicenses } from './scripts/worker-licenses.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = at('src/studio/web');

await writeReportScript();

const licenses = workerLicenses(at('dist/studio/web/licenses.md'));

export default defineConfig({
  root,
  // Addresses of scripts are relative, so that the studio may stand behind any path.
  base: './',
  publicDir: false,
  resolve: { alias: [{ find: /^\.\/report-script\.js$/, replacement: REPORT_SCRIPT }] },
  build: {
    outDir: at('dist/studio/web'),
    emptyOutDir: true,
    target: 'es2023',
    // Under the studio's policy nothing is inline, images as data: alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What is bundled is named with its licence.
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: readdirSync(root)
        .filter((name) => name.endsWith('.html'))
        .map((name) => join(root, name)),
    },
  },
  // Workers have parts that are loaded when they are asked for.
  worker: { format: 'es', plugins: () => [licenses.notes] },
  plugins: [licenses.writes],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
