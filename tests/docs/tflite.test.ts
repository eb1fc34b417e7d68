import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { tfliteOperators } from 'espalier/formats';
import { root } from '../support/paths.js';

test('the table in docs/tflite.md is what is read and written', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'tflite-table.mjs'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.ok(tfliteOperators().length > 80);
});
