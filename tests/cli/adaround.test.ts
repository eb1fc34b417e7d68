import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { saveModel } from 'espalier/onnx/node';
import { espalier } from './run.js';

let folder: string;
const run = (line: string) => espalier(line.split(' '), { cwd: folder });

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-adaround-'));
  await saveModel(surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.25, seed: 1 }), join(folder, 'model.onnx'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('quantize --method adaround writes a model, by the command of the docs and by the one of its schema', async () => {
  const common = '--data digits --threads 1 --tolerance 100 --max-drop 100 --no-time --json';
  const made = await run(`quantize model.onnx --weights int4 --method adaround --steps 10 ${common} -o int4.onnx`);
  assert.equal(made.code, 0, made.stderr);
  const { footprint, notes } = JSON.parse(made.stdout);
  assert.ok(footprint.after.bytes < 0.3 * footprint.before.bytes, `${footprint.after.bytes} of ${footprint.before.bytes}`);
  assert.equal(notes.facts.layersOf4Bits, notes.facts.quantizedLayers);
  const flags = '--mode weights --weight-type int4 --method adaround --steps 10';
  const applied = await run(`apply quantize model.onnx ${flags} ${common} -o applied.onnx`);
  assert.equal(applied.code, 0, applied.stderr);
  const whole = await run(`quantize model.onnx --method adaround --steps 10 ${common} -o int8.onnx`);
  assert.equal(whole.code, 0, whole.stderr);
});

for (const [line, said] of [
  ['quantize model.onnx --weights int4 --method adaround -o new.onnx', /adaround looks at data.*--data/s],
  ['quantize model.onnx --weights int4 --method hqq --steps 5 -o new.onnx', /--steps is for --method adaround/],
  ['quantize model.onnx --dynamic --method adaround --data digits -o new.onnx', /With --dynamic weights are rounded to the nearest/],
  ['quantize model.onnx --weights int8 --method gptq --data digits -o new.onnx', /Take --method adaround, give --weights int4/],
  ['apply quantize model.onnx --mode weights --weight-type int4 --method adaround -o new.onnx', /data/],
] as const) {
  test(`refused: ${line}`, async () => {
    const { code, stderr } = await run(line);
    assert.notEqual(code, 0);
    assert.match(stderr, said);
    assert.equal(existsSync(join(folder, 'new.onnx')), false);
  });
}
