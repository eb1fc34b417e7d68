import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pruneModel } from 'espalier/compression/pruning';
import { loadModel } from 'espalier/onnx/node';
import { fixture } from '../../support/paths.js';
import { modelOf } from './graphs.js';

test('what keeps the channels of a layer is named; last layers keep theirs without a warning', async () => {
  const model = modelOf([3, 8, 8], (l, x) => {
    const shuffled = l.build.op('Reshape', [l.conv(l.relu(l.conv(x, 8)), 6), l.build.ints([0, 4, 12, 8])]);
    return l.build.op('Softmax', [l.head(l.relu(l.conv(shuffled, 12)))]);
  });
  const { remarks, given } = await pruneModel(model, { keep: 0.7 });
  const convolutions = model.graph.nodes.filter(({ op }) => op === 'Conv').map(({ name }) => name);
  const reshape = model.graph.nodes.find(({ op }) => op === 'Reshape')?.name;
  assert.deepEqual(remarks, [`${convolutions[1]}: its 6 channels stay, because Reshape "${reshape}" mixes them.`]);
  assert.equal(given.length, 1);
  assert.match(given[0], /its 5 channels stay, because Softmax ".*" mixes them/);
});

test('the width of a transformer stays for its normalizations, said once for all layers', async () => {
  const { remarks } = await pruneModel(await loadModel(fixture('pruning', 'packed.onnx')), { keep: 0.8 });
  assert.equal(remarks.length, 1);
  assert.match(remarks[0], /and 2 more: their 24 channels stay, because LayerNormalization ".*norm1.*" mixes them/);
});

test('a refusal names what stops every layer', async () => {
  const model = modelOf([3, 8, 8], (l, x) => l.conv(l.relu(x), 4));
  await assert.rejects(pruneModel(model, { keep: 0.7 }), /its 4 channels stay, because the output "y" keeps its shape/);
});
