import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DiffInfo } from 'espalier/diagnosis';
import { digitModels } from './digits.js';
import { espalier } from './run.js';

let folder: string;
const at = (name: string) => join(folder, name);
const run = (line: string) => espalier(line.split(' '), { cwd: folder });

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-diff-'));
  await digitModels(folder);
  copyFileSync(at('net.onnx'), at('same.onnx'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function json(line: string): Promise<DiffInfo & { schema: string }> {
  const { code, stdout, stderr } = await run(`${line} --json`);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('diff: text, JSON and page say the same of a quantized model', async () => {
  const info = await json('diff net.onnx int8.onnx --data digits --split train --threads 1');
  assert.equal(info.schema, 'espalier/diff@1');
  assert.deepEqual(info.models, { before: 'net.onnx', after: 'int8.onnx' });
  assert.equal(info.classes.length, 10);
  assert.ok(info.samples > 1000 && info.layers.length > 0 && (info.changed ?? 0) >= info.worst.length);
  const evaluated = JSON.parse((await run('eval int8.onnx --data digits --json --threads 1')).stdout);
  const ofTest = await json('diff net.onnx int8.onnx --data digits --threads 1');
  assert.deepEqual([ofTest.split, ofTest.samples, ofTest.quality.after.value], ['test', evaluated.samples, evaluated.value]);

  const { code, stdout, stderr } = await run('diff net.onnx int8.onnx --data digits --split train --threads 1 --most 3 --html diff.html');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Wrote diff\.html/);
  assert.match(stdout, new RegExp(`\\b${info.samples.toLocaleString('en-US')}\\b|\\b${info.samples}\\b`));
  for (const { value } of info.layers.slice(0, 3)) assert.ok(stdout.includes(value.slice(0, 8)), value);
  for (const { before, after } of info.worst.slice(0, 3)) assert.ok(stdout.includes(before) && stdout.includes(after), stdout);
  const page = readFileSync(at('diff.html'), 'utf8');
  assert.match(page, /^<!doctype html>/i);
  assert.ok(page.includes('net.onnx') && page.includes('int8.onnx'));
  assert.equal(/<script src|<link [^>]*href="http|<img [^>]*src="http/.test(page), false, 'the page needs nothing from elsewhere');
});

test('diff: of a model with itself, nothing', async () => {
  const { changed, worst, layers } = await json('diff net.onnx same.onnx --data digits --threads 1');
  assert.deepEqual([changed, worst], [0, []]);
  // Which kernels run together differs with what is looked at; rounding then does too.
  assert.ok(
    layers.every(({ error, samples }) => error < 1e-9 && samples === 0),
    JSON.stringify(layers),
  );
  assert.equal((await run('diff net.onnx same.onnx --data digits --threads 1')).code, 0);
});

test('diff: what cannot be compared is refused before the work', async () => {
  const missing = await run('diff net.onnx none.onnx --data digits');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /none\.onnx/);
  const part = await run('diff net.onnx int8.onnx --data digits --split all');
  assert.equal(part.code, 2);
  assert.match(part.stderr, /train.*calibration.*validation.*test/);
  const nowhere = await run('diff net.onnx int8.onnx --data digits --html none/diff.html');
  assert.notEqual(nowhere.code, 0);
  assert.match(nowhere.stderr, /none/);
});
