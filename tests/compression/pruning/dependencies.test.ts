import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dependencies, findDependencies, findLayers, type Group } from 'espalier/compression/pruning';
import { Graph, type Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { staticCopy } from '#dist/compression/pruning/prepare.js';
import { graphs, modelOf } from './graphs.js';

const image = [3, 8, 8];
const condition = Tensor.from('bool', [], [1]);

function dependenciesOf(model: Model, exclude?: readonly string[]): Dependencies {
  return findDependencies(staticCopy(model), { exclude });
}

/** The constants' slices of a group, as "w1/0: 2,3". */
function slices(group: Group): string[] {
  return group.filter(({ axis }) => axis.value.constant).map(({ axis, indices }) => `${axis.value.name}/${axis.axis}: ${indices}`);
}

test('a channel is a row of its kernel, an element of what follows it, and a column of the next kernel', () => {
  const { groups } = dependenciesOf(modelOf(image, (l, x) => l.conv(l.relu(l.norm(l.conv(x, 4))), 2)));
  assert.equal(groups.length, 4);
  assert.deepEqual(slices(groups[2]), ['w1/0: 2', 'b2/0: 2', 'v3/0: 2', 's4/0: 2', 'b5/0: 2', 'm6/0: 2', 'w7/1: 2']);
});

test('a residual stream is one layer, what is inside a block another', () => {
  const layers = findLayers(dependenciesOf(graphs['residual connection']()));
  assert.deepEqual(
    layers.map(({ groups }) => groups.length),
    [8, 6],
  );
});

test('joined channels keep their own layers, at their offsets', () => {
  const model = modelOf(image, (l, x) => {
    const joined = l.build.op('Concat', [l.conv(x, 4, { bias: false, name: 'a' }), l.conv(x, 3, { bias: false, name: 'b' })], { axis: 1 });
    return l.conv(joined, 2, { bias: false, name: 'c' });
  });
  const { groups } = dependenciesOf(model);
  assert.deepEqual(groups.map(slices), [
    ...[0, 1, 2, 3].map((i) => [`a1/0: ${i}`, `c3/1: ${i}`]),
    ...[0, 1, 2].map((i) => [`b2/0: ${i}`, `c3/1: ${i + 4}`]),
  ]);
});

test('a channel that is flattened goes with all its places', () => {
  const model = modelOf([2, 2, 2], (l, x) => l.dense(l.build.op('Flatten', [l.conv(x, 3, { bias: false })], { axis: 1 }), 5));
  assert.deepEqual(slices(dependenciesOf(model).groups[1]), ['w1/0: 1', 'w2/1: 4,5,6,7']);
});

test('places of a grouped convolution go in all groups at once', () => {
  const model = modelOf(image, (l, x) => {
    const first = l.conv(x, 6, { bias: false });
    return l.conv(l.conv(first, 4, { group: 2, bias: false }), 2, { bias: false });
  });
  const groups = dependenciesOf(model).groups.map(slices);
  assert.deepEqual(groups[1], ['w1/0: 1,4', 'w2/1: 1']);
  assert.deepEqual(groups[3], ['w2/0: 0,2', 'w3/1: 0,2']);
});

test('heads keep their number; the size of all shrinks, of queries with keys and of values with the output', () => {
  const layers = findLayers(dependenciesOf(graphs['transformer block']()));
  const sizes = layers.map(({ groups, losses }) => [groups.length, Math.max(...losses.map(({ count }) => count))]);
  assert.deepEqual(sizes, [
    [4, 3],
    [4, 3],
    [20, 1],
  ]);
});

test('inputs and outputs of the model are never touched', () => {
  const model = modelOf(image, (l, x) => l.build.op('Add', [x, l.conv(l.relu(x), 3)]));
  assert.deepEqual(dependenciesOf(model).groups, []);
});

test('a weight that two layers share loses the same channels in both', () => {
  const model = modelOf([4, 4, 4], (l, x) => {
    const shared = l.weight([4, 4, 1, 1]);
    const twice = l.build.op('Conv', [l.relu(l.build.op('Conv', [l.conv(x, 4), shared])), shared]);
    return l.conv(twice, 2);
  });
  const { groups } = dependenciesOf(model);
  assert.deepEqual(slices(groups[1]), ['w1/0: 1', 'w1/1: 1', 'w2/0: 1', 'b3/0: 1', 'w4/1: 1']);
});

test('next to an operator without a rule nothing is removed, and elsewhere it is', () => {
  const model = modelOf(image, (l, x) => {
    const free = l.conv(l.relu(l.conv(x, 6)), 5);
    const [strange] = l.build.node('Strange', [free], {}, { domain: 'some.where', outputs: ['odd'] });
    strange.type = { kind: 'tensor', dtype: 'float32', shape: free.shape };
    return l.conv(strange, 2);
  });
  model.opsets.set('some.where', 1);
  const { groups, barriers } = dependenciesOf(model);
  assert.equal(groups.length, 6, 'the six channels of the first convolution');
  assert.deepEqual(
    barriers.map(({ node, reason }) => [node.op, reason]),
    [
      ['Strange', 'there is no rule for this operator'],
      ['Conv', 'the shape of "odd" is only known when it runs'],
    ],
  );
});

test('what a subgraph reads from outside is kept', () => {
  const model = modelOf(image, (l, x) => {
    const features = l.relu(l.conv(x, 6));
    const branch = (op: string): Graph => {
      const graph = new Graph(op);
      const [y] = typedBuilder(graph, new Map([['', 21]])).node(op, [features], {}, { outputs: [`${op}_y`] });
      graph.outputs.push(y);
      return graph;
    };
    const [chosen] = l.build.node('If', [l.build.constant(condition)], { then_branch: branch('Relu'), else_branch: branch('Neg') });
    return l.conv(chosen, 2);
  });
  const { groups, barriers } = dependenciesOf(model);
  assert.equal(groups.length, 0);
  assert.deepEqual(
    barriers.map(({ node }) => node.op),
    ['If'],
  );
});

test('excluded nodes keep their outputs, excluded weights their shape', () => {
  const build = () => modelOf(image, (l, x) => l.conv(l.conv(l.conv(x, 4, { name: 'first' }), 6), 2, { name: 'last' }));
  assert.equal(dependenciesOf(build()).groups.length, 10);
  assert.equal(dependenciesOf(build(), ['first1']).groups.length, 6);
  assert.equal(dependenciesOf(build(), ['last5']).groups.length, 4);
  const [firstConv] = build().graph.nodes;
  assert.equal(dependenciesOf(build(), [firstConv.name]).groups.length, 6);
});

test('Constant nodes hold weights like initializers, and constants that nothing reads are no part of it', () => {
  const model = modelOf(image, (l, x) => {
    const [kernel] = l.build.node('Constant', [], { value: l.weight([4, 3, 1, 1]).initializer }, { outputs: ['kernel'] });
    return l.conv(l.build.op('Conv', [x, kernel]), 2);
  });
  assert.deepEqual(slices(dependenciesOf(model).groups[0]), ['w2/1: 0', 'kernel/0: 0']);
});
