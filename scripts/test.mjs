// Runs the compiled tests with Node's own runner: node scripts/test.mjs [--fast] [part of a path ...]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The fast tier, by the beginning of the path: under a minute together. No browser, no bundler, no long training, no killed processes. */
const FAST = [
  'autodiff/first-layer',
  'autodiff/refusals',
  'automation/importance',
  'automation/samplers',
  'automation/space',
  'automation/stoppers',
  'automation/storages',
  'automation/study',
  'base/',
  'cli/startup',
  'compression/packaging/',
  'compression/pruning/dependencies',
  'compression/pruning/measures',
  'conformance/',
  'data/',
  'infrastructure/compiler/execution-order',
  'infrastructure/feeds',
  'infrastructure/footprint',
  'infrastructure/runtime.test',
  'infrastructure/statistics',
  'infrastructure/words',
  'metrics/',
  'onnx/',
  'ops/',
  'pareto/',
  'report/html',
  'report/info',
  'report/inspect',
  'report/svg',
  'report/terminal',
  'robustness/defects',
  'robustness/files',
  'robustness/without-node',
  'strategies/front',
  'technique/',
];

/** A file that is not done after half an hour hangs: it fails by name instead of holding everything up. The longest takes two minutes. */
const HANGS_MS = 30 * 60_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, 'dist', 'report', 'render', 'html', 'report-script.js'))) {
  console.error('What is bundled for browsers is not built yet, and reports need it. Run "npm run build" once.');
  process.exit(1);
}
const compiled = join(root, 'build', 'tests');
const isFast = process.argv.includes('--fast');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const all = readdirSync(compiled, { recursive: true })
  .filter((file) => file.endsWith('.test.js') && existsSync(join(root, 'tests', file.replace(/\.js$/, '.ts'))))
  .sort();
const beginsWith = (file, part) => file.replaceAll('\\', '/').startsWith(part);
const stale = FAST.filter((part) => !all.some((file) => beginsWith(file, part)));
if (isFast && stale.length > 0) {
  console.error(`The fast tier names tests that there are not: ${stale.join(', ')}. Mend the list in scripts/test.mjs.`);
  process.exit(1);
}
const files = all
  .filter((file) => !isFast || FAST.some((part) => beginsWith(file, part)))
  .filter((file) => wanted.length === 0 || wanted.some((part) => join('tests', file).includes(part)));
if (files.length === 0) {
  console.error(`No test matches ${wanted.join(', ')}.`);
  process.exit(1);
}
const result = spawnSync(
  process.execPath,
  [
    '--test',
    // One more than there are cores: some files wait for a lock to end, for a page, for a machine that was killed.
    `--test-concurrency=${availableParallelism() + 1}`,
    `--test-timeout=${HANGS_MS}`,
    '--test-reporter=spec',
    ...files.map((file) => relative(root, join(compiled, file))),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
