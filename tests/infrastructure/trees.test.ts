import assert from 'node:assert/strict';
import { test } from 'node:test';
import { footprint } from 'espalier/infrastructure/hardware';
import { encodeModel, Graph, GraphBuilder, Model, SymbolicDim } from 'espalier/onnx';
import { inspectInfo, inspectTotals } from 'espalier/report/info';

test('trees: their nodes, learned numbers and bytes are counted, though they stand in attributes', () => {
  const model = new Model(new Graph('trees'), 17);
  model.opsets.set('ai.onnx.ml', 3);
  const build = new GraphBuilder(model.graph);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 4]);
  const floats = (...value: number[]) => ({ type: 'floats', value }) as const;
  // Two trees: a branch with two leaves, and a leaf alone.
  const y = build.op(
    'TreeEnsembleRegressor',
    [x],
    {
      nodes_treeids: [0, 0, 0, 1],
      nodes_nodeids: [0, 1, 2, 0],
      nodes_featureids: [3, 0, 0, 0],
      nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF', 'LEAF'],
      nodes_values: floats(0.5, 0, 0, 0),
      nodes_hitrates: floats(1, 1, 1, 1),
      nodes_truenodeids: [1, 0, 0, 0],
      nodes_falsenodeids: [2, 0, 0, 0],
      target_treeids: [0, 0, 1],
      target_nodeids: [1, 2, 0],
      target_ids: [0, 0, 0],
      target_weights: floats(1, 2, 3),
      n_targets: 1,
    },
    'ai.onnx.ml',
  );
  build.output(y, 'y');
  const cost = footprint(model);
  assert.deepEqual(cost.trees, { trees: 2, nodes: 4 });
  assert.equal(cost.parameters, 1 + 3, 'one threshold and three leaves');
  assert.equal(cost.layers[0].parameters, 4);
  assert.equal(cost.layers[0].weightBytes, cost.weightBytes);
  // 11 floats of 5 bytes, 29 small integers of 2, names of modes.
  assert.equal(cost.weightBytes, 11 * 5 + 29 * 2 + (2 + 10) + 3 * (2 + 4));
  assert.ok(cost.weightBytes < encodeModel(model).byteLength);
  assert.ok(inspectTotals(inspectInfo(cost)).some(([name, text]) => name === 'trees' && text === '2, with 4 nodes in all'));
});
