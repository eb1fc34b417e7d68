import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from 'espalier/base';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { type DataType, type Dim, Graph, GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { convolutionModel } from './models.js';

test('feeds fit the inputs, and the seed decides them', () => {
  const { x } = makeFeeds(convolutionModel(), { batch: 2, seed: 5 });
  assert.deepEqual([x.dtype, x.shape], ['float32', [2, 3, 8, 8]]);
  const values = [...x.numbers()];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assert.ok(Math.abs(mean) < 4 / Math.sqrt(values.length) && Math.abs(variance - 1) < 0.4);
  assert.deepEqual(makeFeeds(convolutionModel(), { batch: 2, seed: 5 }).x.bytes(), x.bytes());
  assert.notDeepEqual(makeFeeds(convolutionModel(), { batch: 2, seed: 6 }).x.bytes(), x.bytes());
  assert.deepEqual(makeFeeds(convolutionModel(), { inputShapes: { x: [5, 3, 8, 8] } }).x.shape, [5, 3, 8, 8]);
});

test('indices stay within the table that they look up, through casts and reshapes', () => {
  const graph = new Graph('lookup');
  const build = new GraphBuilder(graph);
  const ids = build.input('ids', 'int64', [200]);
  const table = build.parameter('table', Tensor.from('float32', [3, 2], [1, 2, 3, 4, 5, 6]));
  build.output(build.op('Gather', [table, build.op('Reshape', [build.op('Cast', [ids], { to: 6 }), build.ints([10, 20])])]), 'y');
  const numbers = [...makeFeeds(new Model(graph, 21)).ids.numbers()];
  assert.deepEqual([...new Set(numbers)].sort(), [0, 1, 2]);
});

test('integers that are told apart as classes are any of them, by OneHot and by Equal to each', () => {
  const numbers = (write: (build: GraphBuilder, ids: Value) => Value) => {
    const graph = new Graph('classes');
    const build = new GraphBuilder(graph);
    build.output(write(build, build.input('ids', 'int64', [1, 200])), 'y');
    return [...new Set(makeFeeds(new Model(graph, 21)).ids.numbers())].sort();
  };
  const ends = Tensor.from('float32', [2], [0, 1]);
  const column = (build: GraphBuilder, ids: Value) => build.op('Reshape', [ids, build.ints([1, 200, 1])]);
  assert.deepEqual(
    numbers((build, ids) => build.op('OneHot', [ids, build.scalar(3, 'int64'), build.constant(ends)])),
    [0, 1, 2],
  );
  assert.deepEqual(
    numbers((build, ids) => build.op('Equal', [column(build, ids), build.ints([0, 1, 2, 3])])),
    [0, 1, 2, 3],
  );
  // Equal to something else says nothing of what there is.
  assert.deepEqual(
    numbers((build, ids) => build.op('Equal', [column(build, ids), build.ints([0, 7])])),
    [1],
  );
});

test('other contents are safe ones', () => {
  const one = (dtype: DataType, shape: readonly Dim[] = [4000]) => {
    const graph = new Graph('one');
    const build = new GraphBuilder(graph);
    build.output(build.op('Identity', [build.input('x', dtype, shape)]), 'y');
    return makeFeeds(new Model(graph, 21)).x;
  };
  assert.deepEqual(new Set(one('int64').numbers()), new Set([1]));
  assert.deepEqual(new Set(one('bool').numbers()), new Set([1]));
  assert.deepEqual([Math.min(...one('uint8').numbers()), Math.max(...one('uint8').numbers())], [0, 255]);
  assert.deepEqual([Math.min(...one('int8').numbers()), Math.max(...one('int8').numbers())], [-128, 127]);
  assert.equal(one('string', [2]).stringBytes().length, 2);
  for (const dtype of ['float16', 'float64'] as const) assert.ok(one(dtype).numbers().every(Number.isFinite));
  assert.throws(() => one('complex64'), OptionError);
  assert.throws(
    () => one('float32', [1, SymbolicDim.named('length')]),
    (e) => e instanceof OptionError && /"length"/.test(e.message),
  );
});

test('a batch size that the model does not have is refused', () => {
  const graph = new Graph('fixed');
  const build = new GraphBuilder(graph);
  build.output(build.op('Relu', [build.input('x', 'float32', [1, 4])]), 'y');
  assert.throws(
    () => makeFeeds(new Model(graph, 21), { batch: 8 }),
    (e) => e instanceof OptionError && e.expected === '1' && e.got === '8',
  );
});
