import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError, RuntimeError, Stopped } from 'espalier/base';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { checkOnWeb, runOnWeb } from 'espalier/infrastructure/runtime/node';
import { encodeModel, Graph, GraphBuilder, Model, Tensor, tensorType } from 'espalier/onnx';
import { convolutionModel, quantizedConvolution, quantizedModel } from './models.js';

for (const [name, model] of [
  ['a float convolution', convolutionModel()],
  ['a quantized matrix product', quantizedModel()],
  ['a quantized convolution', quantizedConvolution()],
] as const) {
  test(`${name} does the same in WebAssembly as natively`, async () => {
    const feeds = makeFeeds(model);
    const check = await checkOnWeb(encodeModel(model), feeds);
    assert.equal(check.status, 'agrees', JSON.stringify(check));
    assert.ok(check.difference !== undefined && check.difference <= 1e-5);
    assert.ok(feeds.x.bytes().byteLength > 0, 'the feeds stay usable');
  });
}

test('integers and texts are compared exactly', async () => {
  const graph = new Graph('exact');
  const build = new GraphBuilder(graph);
  build.output(build.op('Neg', [build.input('i', 'int64', [2])]), 'j').type = tensorType('int64');
  build.output(build.op('Identity', [build.input('s', 'string', [2])]), 't').type = tensorType('string');
  const feeds = { i: Tensor.from('int64', [2], [1, -5]), s: Tensor.strings([2], ['a', 'ü']) };
  assert.deepEqual(await checkOnWeb(encodeModel(new Model(graph, 21)), feeds), { status: 'agrees', difference: 0 });
});

test('a difference is found: random numbers do not agree', async () => {
  const graph = new Graph('random');
  const build = new GraphBuilder(graph);
  const x = build.input('x', 'float32', [4]);
  build.output(build.op('Add', [x, build.op('RandomUniformLike', [x])]), 'y').type = tensorType('float32');
  const check = await checkOnWeb(encodeModel(new Model(graph, 21)), { x: Tensor.from('float32', [4], [0, 0, 0, 0]) });
  assert.equal(check.status, 'differs');
  assert.match(check.detail ?? '', /output "y" is off by/);
});

test('a model that does not run natively is an error, options are checked, an abort stops', async () => {
  await assert.rejects(checkOnWeb(new Uint8Array([9, 9]), {}), RuntimeError);
  const model = convolutionModel();
  await assert.rejects(checkOnWeb(encodeModel(model), makeFeeds(model), { tolerance: -1 }), OptionError);
  await assert.rejects(checkOnWeb(encodeModel(model), makeFeeds(model), { signal: AbortSignal.abort() }), Stopped);
});

test('one check after the other, and several at once, say the same; one that fails or is aborted is no burden to the next', async () => {
  const model = quantizedModel();
  const [bytes, feeds] = [encodeModel(model), makeFeeds(model)];
  const good = () => runOnWeb(bytes, feeds, ['y']);
  const first = await good();
  assert.ok('outputs' in first);
  const outputs = async () => {
    const next = await good();
    assert.ok('outputs' in next);
    return next.outputs;
  };
  assert.deepEqual(await outputs(), first.outputs);
  assert.ok('failure' in (await runOnWeb(new Uint8Array([9, 9]), feeds, ['y'])));
  for (const each of await Promise.all([outputs(), outputs(), outputs()])) assert.deepEqual(each, first.outputs);
  await assert.rejects(runOnWeb(bytes, feeds, ['y'], { signal: AbortSignal.abort() }), Stopped);
  const under = new AbortController();
  const stopped = assert.rejects(runOnWeb(bytes, feeds, ['y'], { runs: 1e9, signal: under.signal }), Stopped);
  under.abort();
  await stopped;
  assert.deepEqual(await outputs(), first.outputs);
});
