import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Value } from 'espalier/onnx';
import { Coupled, type CoupledCase } from './coupled.js';

const input = (coupled: Coupled, index: number) => coupled.node.inputs[index] as Value;

function coupled(op: string, inputs: CoupledCase['inputs'], more: Partial<CoupledCase> = {}): Coupled {
  return new Coupled({ op, inputs, ...more });
}

test('Conv: an output channel is a row of the weight and an element of the bias, an input channel a column', async () => {
  const conv = coupled('Conv', [[2, 4, 5, 5], [6, 4, 3, 3], [6]]);
  assert.deepEqual(conv.with({ value: input(conv, 1), axis: 0 }, 2), { 'x1 0': [2], 'y0 1': [2], 'x2 0': [2] });
  assert.deepEqual(conv.with({ value: input(conv, 0), axis: 1 }, 1), { 'x1 1': [1], 'x0 1': [1] });
  assert.ok(conv.isLocked({ value: input(conv, 0), axis: 2 }), 'spatial axes are locked');
  await conv.provesRemoval({ value: input(conv, 1), axis: 0 }, 2);
  await conv.provesRemoval({ value: input(conv, 0), axis: 1 }, 1);
});

test('Conv in groups: one place of every group at a time', async () => {
  const conv = coupled('Conv', [[2, 6, 5], [8, 3, 3], [8]], { attributes: { group: 2 } });
  assert.deepEqual(conv.with({ value: input(conv, 0), axis: 1 }, 1), { 'x1 1': [1], 'x0 1': [1, 4] });
  assert.deepEqual(conv.with({ value: input(conv, 2), axis: 0 }, 3), { 'x1 0': [3, 7], 'y0 1': [3, 7], 'x2 0': [3, 7] });
  await conv.provesRemoval({ value: input(conv, 0), axis: 1 }, 1);
  await conv.provesRemoval({ value: input(conv, 2), axis: 0 }, 3);
});

test('depthwise Conv: a channel with its outputs and its group', async () => {
  const plain = coupled('Conv', [[1, 3, 5, 5], [3, 1, 3, 3], [3]], { attributes: { group: 3 } });
  assert.deepEqual(plain.with({ value: input(plain, 0), axis: 1 }, 2), { 'x1 0': [2], 'y0 1': [2], 'x2 0': [2], 'x0 1': [2] });
  await plain.provesRemoval({ value: input(plain, 0), axis: 1 }, 2);
  assert.equal(plain.node.int('group', 1), 2);
  const multiplied = coupled('Conv', [[1, 3, 5, 5], [6, 1, 3, 3], [6]], { attributes: { group: 3 } });
  const expected = { 'x1 0': [2, 3], 'y0 1': [2, 3], 'x2 0': [2, 3], 'x0 1': [1] };
  assert.deepEqual(multiplied.with({ value: input(multiplied, 0), axis: 1 }, 1), expected);
  await multiplied.provesRemoval({ value: input(multiplied, 0), axis: 1 }, 1);
});

test('ConvTranspose: weights are [inputs, outputs per group]', async () => {
  const dense = coupled('ConvTranspose', [[2, 4, 5], [4, 3, 3], [3]]);
  await dense.provesRemoval({ value: input(dense, 0), axis: 1 }, 3);
  await dense.provesRemoval({ value: input(dense, 1), axis: 1 }, 0);
  const groups = coupled('ConvTranspose', [[2, 4, 5], [4, 3, 3], [6]], { attributes: { group: 2 } });
  assert.deepEqual(groups.with({ value: input(groups, 1), axis: 1 }, 1), { 'x2 0': [1, 4], 'x1 1': [1], 'y0 1': [1, 4] });
  await groups.provesRemoval({ value: input(groups, 1), axis: 1 }, 1);
  await groups.provesRemoval({ value: input(groups, 0), axis: 1 }, 0);
  const depthwise = coupled('ConvTranspose', [[2, 3, 5], [3, 2, 3], [6]], { attributes: { group: 3 } });
  await depthwise.provesRemoval({ value: input(depthwise, 0), axis: 1 }, 1);
});

test('pools: channels only; none where indices are read', async () => {
  const pool = coupled('MaxPool', [[2, 3, 4, 4]], { attributes: { kernel_shape: [2, 2] } });
  await pool.provesRemoval({ value: input(pool, 0), axis: 1 }, 1);
  assert.ok(pool.isLocked({ value: input(pool, 0), axis: 3 }));
  const indexed = coupled('MaxPool', [[2, 3, 4, 4]], { attributes: { kernel_shape: [2, 2] }, outputs: 2 });
  assert.ok(indexed.isLocked({ value: input(indexed, 0), axis: 1 }));
});

test('normalizations: channels with their parameters', async () => {
  const batch = coupled('BatchNormalization', [[2, 3, 4], [3], [3], [3], [3]]);
  await batch.provesRemoval({ value: input(batch, 0), axis: 1 }, 0);
  const instance = coupled('InstanceNormalization', [[2, 3, 4], [3], [3]]);
  await instance.provesRemoval({ value: input(instance, 0), axis: 1 }, 2);
  const layer = coupled('LayerNormalization', [[2, 3, 4], [4], [4]]);
  await layer.provesRemoval({ value: input(layer, 0), axis: 1 }, 2);
  assert.ok(layer.isLocked({ value: input(layer, 0), axis: 2 }), 'what is normalised over is locked');
});

test('GroupNormalization: whole groups', async () => {
  const group = coupled('GroupNormalization', [[2, 6, 3], [6], [6]], { attributes: { num_groups: 3 } });
  assert.deepEqual(group.with({ value: input(group, 0), axis: 1 }, 2)['x0 1'], [2, 3]);
  await group.provesRemoval({ value: input(group, 0), axis: 1 }, 2);
  assert.equal(group.node.int('num_groups', 1), 2);
});

for (const [op, gates, states] of [
  ['LSTM', 4, 2],
  ['GRU', 3, 1],
  ['RNN', 1, 1],
] as const) {
  test(`${op}: a hidden unit is a row of each gate and a column of the recurrence`, async () => {
    const hidden = 3;
    const state = Array.from({ length: states }, () => [2, 2, hidden]);
    const inputs = [[4, 2, 5], [2, gates * hidden, 5], [2, gates * hidden, hidden], [2, 2 * gates * hidden], undefined, ...state];
    const recurrent = coupled(op, inputs, { attributes: { hidden_size: hidden, direction: 'bidirectional' }, outputs: 1 + states });
    await recurrent.provesRemoval({ value: input(recurrent, 2), axis: 2 }, 1);
    await recurrent.provesRemoval({ value: input(recurrent, 0), axis: 2 }, 4);
  });
}

test('Attention: heads, and sizes of heads where they have an axis', async () => {
  const split = coupled(
    'Attention',
    [
      [2, 3, 4, 2],
      [2, 3, 5, 2],
      [2, 3, 5, 4],
    ],
    { opset: 23 },
  );
  await split.provesRemoval({ value: input(split, 0), axis: 1 }, 1);
  await split.provesRemoval({ value: input(split, 0), axis: 3 }, 1);
  await split.provesRemoval({ value: input(split, 2), axis: 3 }, 0);
  const packed = coupled(
    'Attention',
    [
      [2, 4, 6],
      [2, 5, 6],
      [2, 5, 12],
    ],
    { opset: 23, attributes: { q_num_heads: 3, kv_num_heads: 3 } },
  );
  await packed.provesRemoval({ value: input(packed, 0), axis: 2 }, 2);
});
