import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.js';

const dist = join(root, 'dist');

/** What a compiled module loads before it runs: its files, relative to dist/, and packages. */
function loadedBy(entry: string, found = { files: new Set<string>(), packages: new Set<string>() }) {
  const file = resolve(dist, entry);
  if (found.files.has(relative(dist, file))) return found;
  found.files.add(relative(dist, file));
  const statements = /^\s*(?:import|export)\s(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm;
  for (const [, target] of readFileSync(file, 'utf8').matchAll(statements)) {
    if (target.startsWith('.')) loadedBy(resolve(dirname(file), target), found);
    else if (!target.startsWith('node:')) found.packages.add(target);
  }
  return found;
}

const foldersOf = (files: ReadonlySet<string>) => [...new Set([...files].map((file) => file.split(/[\\/]/)[0]))].sort();

test('the list of commands and a command’s context load no command, and nothing of the library but its errors', () => {
  for (const entry of ['cli/main.js', 'cli/context.js']) {
    const { files, packages } = loadedBy(entry);
    assert.deepEqual(foldersOf(files), ['base', 'cli'], entry);
    assert.deepEqual(
      [...files].filter((file) => file.includes('commands/')),
      [],
    );
    assert.ok(
      [...packages].every((name) => name === 'commander'),
      [...packages].join(),
    );
  }
});

test('inspect loads neither data, nor training, nor a runtime', () => {
  const folders = foldersOf(loadedBy('cli/commands/inspect.js').files);
  for (const folder of ['data', 'training', 'strategies', 'compression']) assert.ok(!folders.includes(folder), folder);
  assert.ok(folders.includes('ops'), 'the walk sees what it does load');
});

test('no command, and nothing that opens data, loads what decodes images before there is one', () => {
  const commands = readdirSync(join(dist, 'cli', 'commands')).filter((file) => file.endsWith('.js'));
  for (const entry of [...commands.map((file) => `cli/commands/${file}`), 'data/node/index.js', 'modalities/node/index.js'])
    assert.ok(!loadedBy(entry).packages.has('sharp'), entry);
});

test('quantize, prune and train load nothing that writes code', () => {
  for (const name of ['quantize', 'prune', 'train'])
    for (const file of loadedBy(`cli/commands/${name}.js`).files) assert.doesNotMatch(file, /infrastructure[\\/]codegen/, name);
});

test('no command loads what writes TensorFlow Lite before it writes such a file', () => {
  const commands = readdirSync(join(dist, 'cli', 'commands')).filter((file) => file.endsWith('.js'));
  for (const entry of [...commands.map((file) => `cli/commands/${file}`), 'formats/node/index.js'])
    assert.ok(!loadedBy(entry).packages.has('flatbuffers'), entry);
  assert.ok(loadedBy('formats/index.js').packages.has('flatbuffers'), 'the walk sees who does load it');
});

test('studio loads its server, and the server its framework, only when a studio is opened; no other command does', () => {
  const commands = readdirSync(join(dist, 'cli', 'commands')).filter((file) => file.endsWith('.js'));
  for (const file of commands) {
    const { files, packages } = loadedBy(`cli/commands/${file}`);
    assert.ok(!foldersOf(files).includes('studio'), file);
    assert.ok(!packages.has('hono'), file);
  }
  const { packages } = loadedBy('studio/server/index.js');
  assert.ok(packages.has('hono') && packages.has('@hono/node-server'), 'the walk sees who does load it');
  assert.ok(!packages.has('selfsigned'), 'which only a certificate that is made takes');
});

test('who imports the library does not start ONNX Runtime', () => {
  const script = `import 'espalier'; console.log(process.report.getReport().sharedObjects.join('\\n'))`;
  const objects = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
  assert.match(objects, /libc|System|ntdll/i);
  assert.doesNotMatch(objects, /onnxruntime/);
});
