import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type App, makeApp } from '../support/app.js';
import { root } from '../support/paths.js';

let app: App;
before(() => {
  app = makeApp();
});
after(() => app?.remove());

/** Rows of the table in docs/library.md: paths, and what each begins with, in the same order; all of a row's names belong to one of its paths. */
const rows = [...readFileSync(join(root, 'docs', 'library.md'), 'utf8').matchAll(/^\| (`espalier.*) \| .* \| (`.*) \|$/gm)].map(
  ([, paths, names]) => ({
    paths: [...paths.matchAll(/`([^`]+)`/g)].map(([, path]) => path),
    names: [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  }),
);

/** What a program prints that runs in the folder of the app, as JSON. */
function run(source: string): Record<string, string[]> {
  const file = join(app.folder, 'paths.js');
  writeFileSync(file, source);
  const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: app.folder, encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

test('every path of docs/library.md is in the packed package, and has what the page says', () => {
  const paths = rows.flatMap(({ paths }) => paths);
  assert.ok(paths.length > 25, String(paths.length));
  const found = run(`
    const found = {};
    for (const path of ${JSON.stringify(paths)}) found[path] = Object.keys(await import(path));
    console.log(JSON.stringify(found));`);
  for (const {
    paths: [...own],
    names,
  } of rows) {
    const there = own.flatMap((path) => found[path]);
    for (const name of names) assert.ok(there.includes(name), `${own.join(', ')}: ${name}`);
  }
});

test('a short path is the same module as the one that says its folder', () => {
  const pairs = {
    quantization: 'compression/quantization',
    pruning: 'compression/pruning',
    factorization: 'compression/factorization',
    clustering: 'compression/clustering',
    packaging: 'compression/packaging',
    distillation: 'learning/distillation',
    'semi-supervised': 'learning/semi-supervised',
    'runtime/node': 'infrastructure/runtime/node',
    'runtime/web': 'infrastructure/runtime/web',
    hardware: 'infrastructure/hardware',
    'hardware/node': 'infrastructure/hardware/node',
    compiler: 'infrastructure/compiler',
  };
  const { same } = run(`
    const same = [];
    for (const [short, long] of Object.entries(${JSON.stringify(pairs)}))
      if ((await import('espalier/' + short)) === (await import('espalier/' + long))) same.push(short);
    console.log(JSON.stringify({ same }));`);
  assert.deepEqual(same, Object.keys(pairs));
  const documented = rows.flatMap(({ paths }) => paths);
  for (const short of Object.keys(pairs)) assert.ok(documented.includes(`espalier/${short}`), short);
});
