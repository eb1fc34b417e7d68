// Makes a fresh clone runnable: installs dependencies when the lock file changed and compiles when a source is newer than the build.
// Every npm script that needs a build starts here, so that a new user types one command.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const stampOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Espalier needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}

function run(command, args, label) {
  process.stderr.write(`${label} ...\n`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (result.status === 0) return;
  console.error(`"${command} ${args.join(' ')}" failed with exit code ${result.status ?? result.signal}.`);
  process.exit(result.status ?? 1);
}

function newestSource(folder, kinds = /\.(ts|json)$/) {
  let newest = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && kinds.test(entry.name)) newest = Math.max(newest, stampOf(join(entry.parentPath ?? entry.path, entry.name)));
  }
  return newest;
}

const installed = at('node_modules', '.package-lock.json');
if (stampOf(installed) === 0 || stampOf(at('package-lock.json')) > stampOf(installed)) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'Installing dependencies');
}

const projects = process.argv.includes('--tests') ? ['src', 'tests'] : ['src'];
for (const project of projects) {
  const stamp = project === 'src' ? at('dist', '.built') : at('build', 'tests', '.built');
  const changed = Math.max(newestSource(at(project)), stampOf(at('tsconfig.base.json')), stampOf(installed));
  if (stampOf(stamp) >= changed) continue;
  run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-b', project], `Compiling ${project}`);
  writeFileSync(stamp, '');
}

// The page takes in what it shares with the rest, so that any source makes it stale.
const page = at('dist', 'studio', 'web', '.built');
const changed = Math.max(newestSource(at('src'), /\.(tsx?|json|css|html|svg)$/), stampOf(at('vite.config.mjs')), stampOf(installed));
if (stampOf(page) < changed) {
  run(process.execPath, [at('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'], "Building the studio's pages");
  writeFileSync(page, '');
}
