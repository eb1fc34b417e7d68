import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { espalier } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-split-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const run = async (line: string) => {
  const ran = await espalier(line.split(' '), { cwd: folder });
  assert.equal(ran.code, 0, ran.stderr);
  return ran;
};

test('a seed that draws other parts than those that a model was made with is called out, for what was made of it too', async () => {
  await run('train --arch mlp --width 0.25 --data iris --epochs 2 --seed 1 -o net.onnx');
  await run('quantize net.onnx --data iris --seed 1 -o int8.onnx');
  await run('distill --teacher net.onnx --arch mlp --width 0.25 --data iris --epochs 2 --seed 1 -o student.onnx');
  for (const model of ['net.onnx', 'int8.onnx', 'student.onnx']) {
    assert.match((await run(`eval ${model} --data iris`)).stderr, /made with --seed 1.*test part/);
    assert.doesNotMatch((await run(`eval ${model} --data iris --seed 1`)).stderr, /made with --seed/);
  }
});

test('a folder with the name of built-in data is not taken in silence for it', async () => {
  await run('sample image -o digits');
  assert.match(
    (await run('train --arch survey-cnn --width 0.25 --data digits --epochs 1 -o built-in.onnx')).stderr,
    /built-in data.*\.\/digits/,
  );
  assert.doesNotMatch((await run('eval built-in.onnx --data digits/ --limit 50')).stderr, /built-in data/);
});
