// What quantize says speaks of flags and of names that the user gave, whatever these hold.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { namesText } from 'espalier/base';
import { type GraphBuilder, type Model, Tensor, type Value } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { madeModel, type Weights } from '../compression/quantization/models.js';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-messages-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const net = (build: GraphBuilder, x: Value, weights: Weights) =>
  build.op('Gemm', [build.op('Relu', [build.op('Gemm', [x, weights([16, 48])])]), weights([48, 24])]);

async function said(model: Model, options: string) {
  await saveModel(model, join(folder, 'model.onnx'));
  const { code, stdout, stderr } = await espalier(`quantize model.onnx ${options} --no-time --threads 1 -o made.onnx`.split(' '), {
    cwd: folder,
  });
  return { code, text: stdout + stderr };
}

test('options are called by their flags', async () => {
  const { text } = await said(madeModel([16], net), '--weights int4 --block-size 7');
  assert.match(text, /^error: technique "quantize", --block-size: /);
  assert.doesNotMatch(text, /blockSize/);
  assert.match(
    (await said(madeModel([16], net), '--weights int4 --block-size 17')).text,
    /^error: --block-size: .* a power of two, from 16 on, got 17\./,
  );
});

test('a shape that is not known is given by --shape', async () => {
  const open = () => {
    const model = madeModel([16], net);
    model.graph.inputs[0].type = { kind: 'tensor', dtype: 'float32' };
    return model;
  };
  const { code, text } = await said(open(), '--dynamic');
  assert.equal(code, 1);
  assert.match(text, /not even the rank\. Give its shape, as in --shape "NAME=1x3x224x224"\./);
  assert.equal((await said(open(), '--dynamic --shape x=1x16')).code, 0);
});

test('a name that no node has is refused without data, too', async () => {
  const { code, text } = await said(madeModel([16], net), '--dynamic --exclude nobody');
  assert.equal(code, 2);
  assert.match(text, /^error: --exclude: There is no node called "nobody"\./);
});

test('names that would pass for several are quoted', async () => {
  assert.equal(namesText(['a', 'b, c', 'd\ne', ' f', '']), 'a, "b, c", "d\\ne", " f", ""');
  const model = madeModel([16], net);
  model.graph.nodes[0].name = 'first\nlayer, say';
  const { text } = await said(model, '--weights int4 --block-size 16 --exclude nobody');
  assert.match(text, /Expected names such as "first\\nlayer, say", /);
});

test('adaround names layers, not weights that were folded', async () => {
  const model = madeModel([16], (build, x, weights) => {
    const ones = () => build.parameter('ones', Tensor.of('float32', [48], new Float32Array(48).fill(1)));
    const normal = build.op('BatchNormalization', [
      build.op('Gemm', [x, weights([16, 48]), weights([48])]),
      ones(),
      ones(),
      ones(),
      ones(),
    ]);
    return build.op('Gemm', [normal, weights([48, 24])]);
  });
  const { text } = await said(model, '--weights int8 --method adaround --steps 1 --data synthetic');
  assert.match(text, /^Rounded to the nearest, because learning did not make their blocks better or they have no gradient: gemm/m);
  assert.doesNotMatch(text, /folded/);
});

test('adaround learns in front of an output of float64', async () => {
  const model = madeModel([16], (build, x, weights) => build.op('Cast', [net(build, x, weights)], { to: 11 }));
  const { code, text } = await said(model, '--weights int4 --method adaround --steps 5 --data synthetic');
  assert.equal(code, 0, text);
  assert.doesNotMatch(text, /without a gradient/);
});

test('outputs that cannot be scored are not said to be no numbers', async () => {
  const model = madeModel([16], (build, x, weights) => build.op('Cast', [net(build, x, weights)], { to: 6 }));
  const { text } = await said(model, '--data synthetic');
  assert.match(
    text,
    /No output can be scored: none holds floating-point numbers, or one whole number \(a class\) for each sample\. Got "y0" int32\./,
  );
});
