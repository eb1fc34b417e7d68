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
