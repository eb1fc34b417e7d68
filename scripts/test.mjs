// Runs the compiled tests with Node's own runner: node scripts/test.mjs [part of a path ...]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiled = join(root, 'build', 'tests');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const files = readdirSync(compiled, { recursive: true })
  .filter((file) => file.endsWith('.test.js') && existsSync(join(root, 'tests', file.replace(/\.js$/, '.ts'))))
  .filter((file) => wanted.length === 0 || wanted.some((part) => join('tests', file).includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`No test matches ${wanted.join(', ')}.`);
  process.exit(1);
}
const result = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files.map((file) => relative(root, join(compiled, file)))],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
