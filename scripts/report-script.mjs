// Bundles src/report/page to one script, as a module that report.ts imports: a report holds it as text, with its hash in the page's policy.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where it is put: beside the compiled report.ts. */
export const REPORT_SCRIPT = join(root, 'dist', 'report', 'render', 'html', 'report-script.js');

export async function writeReportScript() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', 'report', 'page', 'index.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    // What stands in a file of UTF-8 is written as it is.
    charset: 'utf8',
    logLevel: 'warning',
  });
  const text = outputFiles[0].text.trim();
  // A script element ends, or becomes a comment, by these, wherever they stand.
  if (/<!--|<\/?script|\r/i.test(text)) throw new Error('The script of the report holds what a script element cannot hold.');
  const hash = `sha256-${createHash('sha256').update(text).digest('base64')}`;
  mkdirSync(dirname(REPORT_SCRIPT), { recursive: true });
  writeFileSync(REPORT_SCRIPT, `export const reportScript = ${JSON.stringify({ text, hash })};\n`);
}
