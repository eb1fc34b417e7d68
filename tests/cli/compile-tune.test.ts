import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodeModel } from 'espalier/onnx';
import { convolutionModel } from '../infrastructure/models.js';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-tune-'));
  writeFileSync(join(folder, 'net.onnx'), encodeModel(convolutionModel()));
  writeFileSync(join(folder, 'garbage.json'), '{"schema":"espalier/schedules@1","benches":[{"target":5}]}');
  writeFileSync(join(folder, 'text.json'), 'no table');
  process.env.ESPALIER_CACHE = folder;
});
after(() => rmSync(folder, { recursive: true }));

const cache = () => join(folder, 'schedules.json');
const run = (line: string) => espalier(line.split(' '), { cwd: folder });
const module = (out: string) => readFileSync(join(folder, out, 'net.wasm')).toString('hex');

test('--tune keeps what it measured, by which --tuned writes the same without measuring, and goes on where its time ended', async () => {
  const line = 'compile net.onnx --target wasm --tuned tuned.json --json';
  const first = await run(`${line} --tune --tune-budget 10ms -o first`);
  assert.equal(first.code, 0, first.stderr);
  const { tune, check } = JSON.parse(first.stdout);
  assert.equal(check.status, 'agrees');
  assert.ok(tune.tried > 0 && tune.shapes.measured === tune.shapes.all, first.stdout);
  const table = readFileSync(join(folder, 'tuned.json'), 'utf8');
  const again = await run(`${line} -o second`);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout).tune.tried ?? 0, 0);
  assert.equal(module('second'), module('first'));
  assert.equal(readFileSync(join(folder, 'tuned.json'), 'utf8'), table);
  const further = await run(`${line} --tune --tune-budget 10ms -o third`);
  assert.equal(further.code, 0, further.stderr);
  assert.ok(JSON.parse(further.stdout).tune.tried > 0, further.stdout);
});

test('without --tune nothing is read of what is kept', async () => {
  const before = await run('compile net.onnx --target wasm -o before');
  assert.equal(before.code, 0, before.stderr);
  const tuned = await run('compile net.onnx --target wasm --tune --tune-budget 10ms -o tuned');
  assert.equal(tuned.code, 0, tuned.stderr);
  const table = JSON.parse(readFileSync(cache(), 'utf8'));
  for (const kernel of Object.values<{ tiling: object; unfinished?: boolean }>(table.benches[0].kernels)) {
    kernel.tiling = { rows: 2, lanes: 4, order: 'places', unroll: 2 };
    kernel.unfinished = undefined;
  }
  writeFileSync(cache(), JSON.stringify(table));
  const [untouched, other] = await Promise.all([
    run('compile net.onnx --target wasm -o untouched'),
    run('compile net.onnx --target wasm --tune -o other'),
  ]);
  assert.deepEqual([untouched.code, other.code], [0, 0], other.stderr);
  assert.equal(module('untouched'), module('before'));
  assert.notEqual(module('other'), module('before'), 'it would have made a difference');
});

test('what is no table is refused in one line, and nothing is written', async () => {
  for (const [options, says] of [
    ['--tune --tuned garbage.json', /^error: garbage\.json, field "benches\.0\.target": .*--tune/],
    ['--tuned text.json', /^error: text\.json: .*no JSON/],
    ['--tuned missing.json', /^error: missing\.json: There is no such file.*--tune/],
  ] as const) {
    const { code, stderr } = await run(`compile net.onnx --target wasm ${options} -o nothing`);
    assert.ok(code === 1 || code === 2, stderr);
    const errors = stderr.split('\n').filter((line) => line.startsWith('error:'));
    assert.equal(errors.length, 1, stderr);
    assert.match(errors[0], says);
    assert.ok(!existsSync(join(folder, 'nothing')));
  }
});
