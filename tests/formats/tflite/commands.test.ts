import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeTflite, isTflite } from 'espalier/formats';
import { loadModel } from 'espalier/formats/node';
import { Graph, Model, SymbolicDim } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { espalier } from '../../cli/run.js';
import { fixture } from '../../support/paths.js';
import { bytesOf, readCases } from './cases.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-tflite-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function run(line: string): Promise<string> {
  const { code, stdout, stderr } = await espalier(line.split(' '), { cwd: folder });
  assert.equal(code, 0, stderr);
  return stdout;
}

before(() => {
  const model = readCases().find(({ name }) => name === 'residual int8')?.model as Uint8Array;
  writeFileSync(join(folder, 'residual.tflite'), model);
});

test('convert: TensorFlow Lite to ONNX and back, read back before it counts', async () => {
  await run('convert residual.tflite -o residual.onnx');
  const { schema, faults } = JSON.parse(await run('convert residual.onnx -o again.tflite --json'));
  assert.equal(schema, 'espalier/convert@1');
  assert.deepEqual(faults, []);
  const names = (file: string) => {
    const { inputs, outputs } = loadModel(join(folder, file)).graph;
    return [...inputs, ...outputs].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`);
  };
  assert.deepEqual(names('again.tflite'), names('residual.tflite'));
  // A file is known by its contents, whatever it is called.
  assert.match(await run('inspect residual.tflite'), /Conv/);
});

test('a model is trained, quantized and judged as .tflite', async () => {
  await run('train --arch survey-cnn --width 0.25 --data digits --epochs 3 --batch-size 64 --threads 1 --no-time -o net.tflite');
  const { quality } = JSON.parse(await run('quantize net.tflite --data digits --threads 1 --no-time -o int8.tflite --json'));
  assert.ok(Math.abs(quality.before.value - quality.after.value) < 0.03);
  assert.ok(isTflite(new Uint8Array(readFileSync(join(folder, 'int8.tflite')))));
  const { value } = JSON.parse(await run('eval int8.tflite --data digits --json'));
  assert.ok(value > 0.5, `${value}`);
  const { graph } = decodeTflite(new Uint8Array(readFileSync(join(folder, 'int8.tflite'))));
  assert.ok(graph.nodes.some(({ op, inputs }) => op === 'DequantizeLinear' && inputs[0]?.dtype === 'uint8'));
});

test('what cannot be said is refused with the node, and nothing is written', async () => {
  const model = new Model(new Graph('case'), 21);
  const b = typedBuilder(model.graph, model.opsets);
  b.output(b.node('Erf', [b.input('x', 'float32', [1, 4])], {}, { name: 'error_function' })[0], 'y');
  await saveModel(model, join(folder, 'erf.onnx'));
  const { code, stderr } = await espalier(['convert', 'erf.onnx', '-o', 'erf.tflite'], { cwd: folder });
  assert.notEqual(code, 0);
  assert.match(stderr, /Erf "error_function": The node cannot be written for TensorFlow Lite/);
  assert.ok(!existsSync(join(folder, 'erf.tflite')));
});

test('sizes that are open are named, with the option that fixes them, which works', async () => {
  const model = new Model(new Graph('case'), 21);
  const b = typedBuilder(model.graph, model.opsets);
  b.output(b.op('Relu', [b.input('x', 'float32', [1, SymbolicDim.named('length')])]), 'y');
  await saveModel(model, join(folder, 'open.onnx'));
  const { code, stderr } = await espalier(['convert', 'open.onnx', '-o', 'open.tflite'], { cwd: folder });
  assert.notEqual(code, 0);
  assert.match(stderr, /The size length of "x" is open.*--shape/);
  await run('convert open.onnx --shape x=1x12 -o open.tflite');
  assert.deepEqual(loadModel(join(folder, 'open.tflite')).graph.inputs[0].shape, [1, 12]);
});

test('a file that lies is refused by every command that reads models, in one line', async () => {
  const files = JSON.parse(readFileSync(fixture('tflite', 'hostile.json'), 'utf8')) as Record<string, string>;
  writeFileSync(join(folder, 'lie.tflite'), bytesOf(files['contents that do not fill the shape']));
  for (const line of ['inspect lie.tflite', 'convert lie.tflite -o lie.onnx']) {
    const { code, stderr } = await espalier(line.split(' '), { cwd: folder });
    assert.notEqual(code, 0);
    assert.match(stderr.trim(), /^error: lie\.tflite, tensor \d+ ".*": The contents do not fill/);
  }
  assert.ok(!existsSync(join(folder, 'lie.onnx')));
});
