import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.js';

const dist = join(root, 'dist');

interface Walk {
  /** Files that are loaded, relative to dist/. */
  files: Set<string>;
  /** Modules that are asked for by name, each with a file that does. */
  named: Map<string, string>;
  /** Files that speak of what only Node has. */
  globals: string[];
}

/** Follows the imports of a compiled module, as a browser would. */
function walk(entry: string, found: Walk = { files: new Set(), named: new Map(), globals: [] }): Walk {
  const name = relative(dist, entry);
  if (found.files.has(name)) return found;
  found.files.add(name);
  const code = readFileSync(entry, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  if (/(?<![\w.'"`$])(process|Buffer|require|__dirname)\b\s*[.(]/.test(code)) found.globals.push(name);
  const statements = /^\s*(?:import|export)\s(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm;
  for (const [, always, lazily] of code.matchAll(statements)) {
    const target = always ?? lazily;
    if (target.startsWith('.')) walk(resolve(dirname(entry), target), found);
    else found.named.set(target, name);
  }
  return found;
}

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, { default: string }> };
const faces = Object.entries(exports).filter(([name]) => name !== '.' && name !== './cli' && !/\/node(\/|$)/.test(name));

/** Pure JavaScript, which runs in a browser; ONNX Runtime's build for pages is loaded when it is wanted. */
const allowed = [
  '@bufbuild/protobuf',
  '@bufbuild/protobuf/codegenv2',
  'csv-parse/browser/esm/sync',
  'fflate',
  'flatbuffers',
  'onnxruntime-web/wasm',
  'onnxruntime-web/webgpu',
  'zod',
];

for (const [name, face] of faces) {
  test(`espalier${name.slice(1)} loads nothing of Node`, () => {
    const { named, globals } = walk(join(root, face.default));
    assert.deepEqual(
      [...named].filter(([module]) => !allowed.includes(module)),
      [],
    );
    assert.deepEqual(globals, []);
  });
}

test('the walk sees: training reaches the tensors’ wire format, and the Node runtime is found out', () => {
  const training = walk(join(dist, 'training', 'index.js'));
  assert.ok(training.files.has(join('onnx', 'wire', 'encode.js')) && training.named.has('@bufbuild/protobuf'));
  const node = walk(join(dist, 'infrastructure', 'runtime', 'node', 'index.js'));
  assert.ok(node.named.has('node:worker_threads') && node.globals.length > 0);
});

test('what a web worker loads names no package but ONNX Runtime, and without a bundler not even that: import maps do not reach workers', () => {
  const namedBy = (file: string) => [...walk(join(dist, 'infrastructure', 'runtime', 'web', file)).named.keys()];
  assert.deepEqual(namedBy('espalier-worker.js'), []);
  assert.deepEqual(namedBy('espalier-wasm-worker.js'), ['onnxruntime-web/wasm']);
  assert.deepEqual(namedBy('espalier-webgpu-worker.js'), ['onnxruntime-web/webgpu']);
});
