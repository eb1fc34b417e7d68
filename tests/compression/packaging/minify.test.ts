import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { minifyModel } from 'espalier/compression/packaging';
import { quantizeDynamic } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, decodeModel, encodeModel, Graph, Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { assertSame, outputsOf } from '../../infrastructure/compiler/same-outputs.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

test('a small quantized model: the same bits from a file that is smaller by more than its inner names', async () => {
  const { model } = await quantizeDynamic(surveyCnn.build({ input: [3, 16, 16], classes: 4, width: 0.05 }), runtime);
  const before = encodeModel(model);
  const minified = minifyModel(model);
  const after = encodeModel(minified);
  checkLinks(minified.graph);
  const names = [...model.graph.values()].reduce((sum, { name }) => sum + name.length - 3, 0);
  assert.ok(names > 1000 && after.length < before.length - names, `${before.length} to ${after.length}, with ${names} in names`);
  const input = Tensor.of(
    'float32',
    [2, 3, 16, 16],
    Float32Array.from({ length: 2 * 3 * 256 }, (_, i) => Math.sin(i)),
  );
  assertSame(await outputsOf(runtime, decodeModel(after), { input }), await outputsOf(runtime, model, { input }), 0);
  assert.deepEqual(encodeModel(model), before, 'the original stays');
  assert.deepEqual(encodeModel(minifyModel(minified)), after, 'there is nothing more to gain');
});

test('names of inputs and outputs stay, also where they look like shortened ones; branches read the values around them', async () => {
  const graph = new Graph('names');
  const model = new Model(graph, 17);
  model.irVersion = 8;
  model.metadata.set('author', 'somebody');
  const build = typedBuilder(graph, model.opsets);
  const x = build.input('0', 'float32', [2]);
  const flag = build.input('1', 'bool', []);
  const long = build.op('Add', [x, build.constant(Tensor.from('float32', [2], [1, 2]))]);
  long.extras = { doc: 'documented' };
  const branch = (op: string) => {
    const inner = new Graph(op);
    const within = typedBuilder(inner, model.opsets);
    within.output(within.op(op, [long, within.constant(Tensor.from('float32', [2], [1, 2]))]), `${op}_result`);
    return inner;
  };
  build.output(build.op('If', [flag], { then_branch: branch('Mul'), else_branch: branch('Sub') }), '2');
  const minified = minifyModel(model);
  checkLinks(minified.graph);
  assert.deepEqual(
    [minified.graph.inputs, minified.graph.outputs].map((values) => values.map(({ name }) => name)),
    [['0', '1'], ['2']],
  );
  const all = [...minified.graph.values(true)];
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  assert.ok(all.every(({ name, extras }) => name.length === 1 && extras?.doc === undefined));
  assert.equal(minified.metadata.get('author'), 'somebody');
  for (const on of [0, 1]) {
    const feeds = { 0: Tensor.from('float32', [2], [3, 4]), 1: Tensor.from('bool', [], [on]) };
    const { 2: result } = await outputsOf(runtime, decodeModel(encodeModel(minified)), feeds);
    assert.deepEqual([...result.numbers()], on ? [4, 12] : [3, 4]);
  }
});

test('equal constants are stored once, unless they are a face of the model', () => {
  const graph = new Graph('constants');
  const model = new Model(graph, 17);
  const build = typedBuilder(graph, model.opsets);
  const x = build.input('x', 'float32', [2]);
  const two = () => build.parameter(graph.freshName('two'), Tensor.from('float32', [1], [2]));
  const sum = build.op('Add', [build.op('Mul', [x, two()]), two()]);
  const other = build.parameter('int', Tensor.from('int32', [1], [2]));
  build.output(build.op('Add', [sum, build.op('Cast', [other], { to: 1 })]), 'y');
  graph.outputs.push(two());
  const minified = minifyModel(model);
  assert.equal(minified.graph.initializers.size, 3, 'one 2, one of another type, one output');
});
