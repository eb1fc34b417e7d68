// Quantization without data looks for a better model where the written one does not follow the original, and says what it did.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GraphBuilder, Value } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { madeModel, wildNet } from '../compression/quantization/models.js';
import { espalier } from './run.js';

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  await saveModel(madeModel([3, 8, 8], wildNet), join(folder, 'wild.onnx'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const json = async (line: string) => {
  const { code, stdout, stderr } = await espalier([...line.split(' '), '--no-time', '--threads', '1', '--json'], { cwd: folder });
  return code === 0 ? JSON.parse(stdout) : stderr;
};

test('scales move where the written file does not follow, in quantize and in apply', async () => {
  for (const command of ['quantize wild.onnx --dynamic', 'apply quantize wild.onnx --mode dynamic']) {
    const { proof, notes } = await json(`${command} -o made.onnx`);
    assert.equal(proof.inputs, 'made-up');
    assert.ok(proof.outputs[0].sqnr > 20, `${proof.outputs[0].sqnr} dB`);
    assert.match(notes.remarks[0], /^Scales were equalized across layers, by the model's own constants/);
  }
});

test('without them layers stay in float, by name and with the reason', async () => {
  const { proof, notes } = await json('quantize wild.onnx --dynamic --equalize never --smooth never -o made.onnx');
  assert.ok(proof.outputs[0].sqnr > 20, `${proof.outputs[0].sqnr} dB`);
  assert.match(
    notes.remarks[0],
    /^\d of 4 layers .*float.*because with integers everywhere the worst output would have -?[\d.]+ dB SQNR on \d made-up inputs, and has [\d.]+ dB so: \w+/,
  );
  const { code, stdout } = await espalier(
    'quantize wild.onnx --dynamic --equalize never --smooth never --no-time -o made.onnx'.split(' '),
    { cwd: folder },
  );
  assert.equal(code, 0);
  assert.ok(stdout.includes(notes.remarks[0]), 'the same is said to people, and the same is chosen again');
});

/** Two wild layers, so that integers lose nearly everything, in front of what only answers. */
const answering = (write: (build: GraphBuilder, scores: Value) => Value) =>
  madeModel([3, 8, 8], (build, x, weights) => write(build, wildNet(build, x, weights)));

for (const [name, write] of Object.entries({
  'the class by ArgMax': (build: GraphBuilder, scores: Value) => build.op('ArgMax', [scores], { axis: 1, keepdims: 0 }),
  'a comparison': (build: GraphBuilder, scores: Value) => build.op('Greater', [scores, build.scalar(0)]),
})) {
  test(`a model whose only output is ${name} is mended by what decides it`, async () => {
    await saveModel(answering(write), join(folder, 'answers.onnx'));
    const mended = await json('quantize answers.onnx --dynamic -o made.onnx');
    assert.match(mended.notes.remarks[0], /^Scales were equalized across layers/);
    assert.ok(mended.proof.outputs[0].same >= 0.875, `${mended.proof.outputs[0].same} the same`);
  });
}
