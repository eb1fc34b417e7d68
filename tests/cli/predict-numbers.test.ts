import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { espalier } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-predict-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const run = (line: string) => espalier(line.split(' '), { cwd: folder });

test('predict: numbers stay in the unit of their column, also between 0 and 1; probabilities are percent', async () => {
  const rows = Array.from({ length: 80 }, (_, i) => `${i % 9},${(i * 7) % 11},${0.3 + (i % 9) / 40},${i % 2 ? 'wet' : 'dry'}`);
  writeFileSync(join(folder, 't.csv'), `a,b,share,weather\n${rows.join('\n')}\n`);
  for (const target of ['share', 'weather']) {
    const how = `--data t.csv --target ${target} --columns a,b --epochs 2 --threads 1 -o ${target}.onnx`;
    const { code, stderr } = await run(`train --arch mlp --width 0.25 ${how}`);
    assert.equal(code, 0, stderr);
  }
  const numbers = await run('predict share.onnx t.csv --columns a,b');
  assert.match(numbers.stdout, /^ +0 {2}share -?\d\.\d+$/m, numbers.stderr);
  assert.doesNotMatch(numbers.stdout, /%/);
  assert.match((await run('predict weather.onnx t.csv --columns a,b')).stdout, /^ +0 {2}(wet|dry) \d+\.\d%, (wet|dry) \d+\.\d%$/m);
  const { files } = JSON.parse((await run('predict share.onnx t.csv --columns a,b --json')).stdout);
  assert.equal(files[0].samples.length, 80);
  const [{ name, value, isShare }] = files[0].samples[0].answers;
  assert.deepEqual([name, isShare], ['share', false]);
  assert.ok(Math.abs(value) < 1, `${value}`);
});

test('predict and eval find the columns of plain numbers by their names, and say which is missing', async () => {
  const rows = Array.from({ length: 120 }, (_, i) => [i % 9, (i * 7) % 11, 2.5 * (i % 9) - ((i * 7) % 11) + 0.25]);
  const write = (file: string, head: string, of: (row: readonly number[]) => readonly number[]) =>
    writeFileSync(join(folder, file), `${head}\n${rows.map((row) => of(row).join(',')).join('\n')}\n`);
  write('plain.csv', 'a,b,y', (row) => row);
  write('turned.csv', 'y,b,a', ([a, b, y]) => [y, b, a]);
  write('features.csv', 'b,a', ([a, b]) => [b, a]);
  write('bare.csv', '', ([a, b]) => [a, b]); // An empty line names nothing.
  write('lacking.csv', 'a,c', ([a, b]) => [a, b]);
  const trained = await run('train --arch mlp --width 0.25 --data plain.csv --epochs 2 --threads 1 -o plain.onnx');
  assert.equal(trained.code, 0, trained.stderr);
  const answers = async (line: string) => JSON.parse((await run(`predict plain.onnx ${line} --json`)).stdout).files[0].samples;
  const wanted = await answers('plain.csv');
  assert.equal(wanted.length, 120);
  for (const line of ['turned.csv', 'features.csv', 'bare.csv', 'lacking.csv --columns a,c'])
    assert.deepEqual(await answers(line), wanted, line);
  const { code, stderr } = await run('predict plain.onnx lacking.csv');
  assert.deepEqual([code, /Column "b" is missing/.test(stderr)], [1, true], stderr);
  const quality = async (data: string) => JSON.parse((await run(`eval plain.onnx --data ${data} --threads 1 --json`)).stdout).value;
  assert.equal(await quality('turned.csv'), await quality('plain.csv'));
});
