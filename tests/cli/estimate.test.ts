import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systolicArrays } from 'espalier/infrastructure/hardware';
import { encodeModel } from 'espalier/onnx';
import { convolutionModel } from '../infrastructure/models.js';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-estimate-'));
  writeFileSync(join(folder, 'net.onnx'), encodeModel(convolutionModel()));
});
after(() => rmSync(folder, { recursive: true }));

const run = (line: string) => espalier(line.split(' '), { cwd: folder });

test('estimate: text, JSON and page for one hardware, a line for each without, and the list', async () => {
  const [text, json, page, all, listed] = await Promise.all(
    [
      'estimate net.onnx --hardware t4',
      'estimate net.onnx --hardware t4 --batch 4 --json',
      'estimate net.onnx --hardware stm32f4 --html net.html',
      'estimate net.onnx',
      'estimate --list --json',
    ].map(run),
  );
  assert.match(text.stdout, /NVIDIA T4.*\n[\s\S]*Conv.*start-up/);
  const document = JSON.parse(json.stdout);
  assert.deepEqual([document.schema, document.hardware, document.kind, document.estimate], ['espalier/estimate@1', 't4', 'gpu', true]);
  assert.equal(document.layers.length, 5);
  assert.equal(page.code, 0);
  assert.match(readFileSync(join(folder, 'net.html'), 'utf8'), /Estimated, not measured: STMicroelectronics[\s\S]*<th[^>]*>Bound by/);
  for (const { name } of JSON.parse(listed.stdout).hardware) assert.match(all.stdout, new RegExp(`^${name} `, 'm'));
});

test('estimate: hardware from a file; what cannot be is said in one line', async () => {
  writeFileSync(join(folder, 'mine.json'), JSON.stringify({ ...systolicArrays[0], name: 'mine', title: 'My own array' }));
  writeFileSync(join(folder, 'bad.json'), JSON.stringify({ ...systolicArrays[0], rows: 0 }));
  const [mine, bad, unknown, nothing, late] = await Promise.all(
    [
      'estimate net.onnx --hardware mine.json',
      'estimate net.onnx --hardware bad.json',
      'estimate net.onnx --hardware nope',
      'estimate',
      'optimize net.onnx --data digits --hardware nope --out better',
    ].map(run),
  );
  assert.match(mine.stdout, /My own array \(systolic\)/);
  assert.match(bad.stderr, /^error: bad\.json, field "rows": .*\n$/);
  for (const { stderr, code } of [unknown, late]) {
    assert.match(stderr, /^error: There is no hardware "nope"\. Expected tpu-v1.*\n$/);
    assert.notEqual(code, 0);
  }
  assert.match(nothing.stderr, /no model to estimate/);
});
