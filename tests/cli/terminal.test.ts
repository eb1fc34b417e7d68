import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { declared, node } from '../support/fuzz/bombs.js';
import { model } from '../support/wire.js';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-terminal-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const STEERS = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e';
const unsafe = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

test('names that steer a terminal reach it harmless, in tables, errors and JSON; JSON keeps what they are', async () => {
  const good = join(folder, 'good.onnx');
  const bad = join(folder, 'bad.onnx');
  writeFileSync(good, model(declared(11, 'x', [1, 4]), node(`Relu${STEERS}`, ['x'], [`y${STEERS}`]), declared(12, `y${STEERS}`, [1, 4])));
  writeFileSync(bad, model(declared(11, 'x', [1, 4]), node('Relu', [`ghost${STEERS}`], ['y']), declared(12, 'y', [1, 4])));
  const table = await espalier(['inspect', good]);
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /Relu�/);
  const json = await espalier(['inspect', good, '--json']);
  assert.equal(JSON.parse(json.stdout).layers[0].op, `Relu${STEERS}`);
  const refused = await espalier(['inspect', bad]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /ghost�.*which nothing makes/);
  for (const text of [table.stdout, table.stderr, json.stdout, refused.stderr]) assert.doesNotMatch(text, unsafe);
});
