import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { decodeModel, encodeModel } from 'espalier/onnx';

test('a name that a node of a read model has is not given to another node', () => {
  const model = decodeModel(encodeModel(architecture('text-bag').build({ input: [4], classes: 2, vocabulary: 50 })));
  const names = model.graph.nodes.map(({ name }) => name);
  assert.ok(names.includes('gather'));
  assert.notEqual(model.graph.freshName('gather'), 'gather');
});
