// --require-faster: layers stay in the type in which they are faster, by a table of times, and what is not faster is not written.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Random } from 'espalier/base';
import { quantizeDynamic } from 'espalier/compression/quantization';
import { slowerLayers, type TimedMode } from 'espalier/compression/quantization/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, Model, nodesOf } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { normalTensors } from '../support/tensors.js';
import { espalier } from './run.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-faster-'));
const at = (name: string) => join(folder, name);
const normal = normalTensors(new Random('faster'));

/** Two convolutions and a matrix product, each of another shape. */
function net(): Model {
  const model = new Model(new Graph('net'), 17);
  model.opsets.set('', 13);
  const build = typedBuilder(model.graph, model.opsets);
  const x = build.input('x', 'float32', [1, 4, 12, 12]);
  const first = build.op('Relu', [build.op('Conv', [x, build.parameter('w1', normal(8, 4, 3, 3))])]);
  const second = build.op('Relu', [build.op('Conv', [first, build.parameter('w2', normal(16, 8, 3, 3))])]);
  const flat = build.op('Flatten', [second]);
  build.output(build.op('MatMul', [flat, build.parameter('w3', normal(16 * 64, 10))]), 'y');
  return model;
}

before(async () => {
  process.env.ESPALIER_CACHE = at('cache');
  mkdirSync(at('cache'));
  await saveModel(net(), at('net.onnx'));
});
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const asked = (mode: TimedMode) => slowerLayers({ model: net(), runtime, mode, inputShapes: { x: [1, 4, 12, 12] }, folder: at('table') });

/** Changes every time in a table. */
function edit(path: string, ratio: (key: string) => number): void {
  const table = JSON.parse(readFileSync(path, 'utf8'));
  for (const key of Object.keys(table.layers)) table.layers[key] = { float: 1, ratio: ratio(key), interval: [ratio(key), ratio(key)] };
  writeFileSync(path, JSON.stringify(table));
}

for (const mode of ['static', 'dynamic', 'weights'] as const)
  test(`${mode}: each shape is timed once, and the table decides from then on`, async () => {
    const first = await asked(mode);
    assert.equal(first.measured, 3);
    assert.equal(first.slower.length + first.faster.length, 3);
    const table = JSON.parse(readFileSync(first.table, 'utf8'));
    assert.match(table.runtime, /^onnxruntime-node \d/);
    edit(first.table, (key) => (key.includes('MatMul') || key.includes('Gemm') ? 0.5 : 2));
    const again = await asked(mode);
    assert.deepEqual([again.measured, again.slower.length, again.faster.length], [0, 2, 1]);
  });

test('what is slower stays in float, by the names that quantization takes', async () => {
  const { slower } = await asked('dynamic');
  const { model } = await quantizeDynamic(net(), runtime, { exclude: slower });
  const count = (op: string) => nodesOf(model.graph).filter((node) => node.op === op).length;
  assert.deepEqual([count('Conv'), count('ConvInteger'), count('MatMulInteger')], [2, 0, 1]);
});

test('a table that cannot be read is measured anew', async () => {
  const { table } = await asked('weights');
  writeFileSync(table, '{"schema": "something else"');
  assert.equal((await asked('weights')).measured, 3);
});

for (const command of ['quantize net.onnx --dynamic', 'apply quantize net.onnx --mode dynamic'])
  test(`${command}: nothing is written where no layer is faster, and a file only where the interval lies below 1`, async () => {
    const run = (out: string) => espalier([...command.split(' '), '--require-faster', '--json', '-o', out], { cwd: folder });
    await run('any.onnx');
    const { table } = await slowerLayers({
      model: net(),
      runtime,
      mode: 'dynamic',
      inputShapes: { x: [1, 4, 12, 12] },
      folder: at('cache'),
    });
    edit(table, () => 2);
    const none = await run('none.onnx');
    assert.equal(none.code, 1);
    assert.match(JSON.parse(none.stdout).error.message, /no layer is faster in integers on this machine.*3 layers/);
    assert.equal(existsSync(at('none.onnx')), false);
    edit(table, () => 0.5);
    const all = await run('all.onnx');
    const found = JSON.parse(all.stdout);
    assert.equal(existsSync(at('all.onnx')), all.code === 0);
    if (all.code === 0) assert.ok(found.time.interval[1] < 1, JSON.stringify(found.time));
    else assert.match(found.error.message, /it is not faster: \d+\.\d\d times as long as before \(95% interval/);
    rmSync(at('all.onnx'), { force: true });
  });

test('--require-faster and --no-time exclude each other', async () => {
  const { code, stderr } = await espalier('quantize net.onnx --dynamic --require-faster --no-time -o x.onnx'.split(' '), { cwd: folder });
  assert.equal(code, 2);
  assert.match(stderr, /--require-faster.*cannot be used with.*--no-time/);
});
