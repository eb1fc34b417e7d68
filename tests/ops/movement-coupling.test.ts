import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, sizeOf } from 'espalier/base';
import { type GraphBuilder, Tensor, type Value } from 'espalier/onnx';
import { CoupledGraph, type Write } from './coupled-graph.js';

function weight(build: GraphBuilder, name: string, shape: readonly number[]): Value {
  const random = new Random(name);
  const numbers = Array.from({ length: sizeOf(shape) }, () => random.uniform() - 0.5);
  return build.parameter(name, Tensor.from('float32', shape, numbers));
}

/** A 1×1 convolution without bias, its weight called `name`. */
function conv(build: GraphBuilder, x: Value, name: string, outputs: number): Value {
  return build.op('Conv', [x, weight(build, name, [outputs, (x.shape as number[])[1], 1, 1])]);
}

function dense(build: GraphBuilder, x: Value, name: string, outputs: number): Value {
  return build.op('MatMul', [x, weight(build, name, [(x.shape as number[]).at(-1) as number, outputs])]);
}

const image = (build: GraphBuilder) => build.input('x', 'float32', [2, 3, 4, 4]);
const sizeAt = (build: GraphBuilder, shape: Value, axis: number) =>
  build.op('Unsqueeze', [build.op('Gather', [shape, build.constant(Tensor.scalar('int64', axis))]), build.ints([0])]);

/** Two convolutions around something that moves elements. */
function between(move: (build: GraphBuilder, x: Value) => Value, channels = 6): Write {
  return (build) => {
    const x = conv(build, image(build), 'a', channels);
    build.output(conv(build, move(build, x), 'b', 2), 'y');
  };
}

test('channel shuffle: the same place of every group', async () => {
  const shuffle = between((build, x) => {
    const apart = build.op('Reshape', [x, build.ints([0, 2, 3, 4, 4])]);
    return build.op('Reshape', [build.op('Transpose', [apart], { perm: [0, 2, 1, 3, 4] }), build.ints([2, -1, 4, 4])]);
  });
  assert.deepEqual(new CoupledGraph(shuffle).weightsWith('a', 0, 1), { 'a 0': [1, 4], 'b 1': [2, 3] });
  await new CoupledGraph(shuffle).provesRemoval('a', 0, 1);
});

test('flatten to dense: each channel with its block of rows', async () => {
  const flatten: Write = (build) => {
    const x = build.op('Flatten', [conv(build, image(build), 'a', 3)]);
    build.output(dense(build, x, 'b', 2), 'y');
  };
  const block = Array.from({ length: 16 }, (_, k) => 16 + k);
  assert.deepEqual(new CoupledGraph(flatten).weightsWith('a', 0, 1), { 'a 0': [1], 'b 0': block });
  await new CoupledGraph(flatten).provesRemoval('a', 0, 1);
});

test('flatten with channels last: every third row', async () => {
  const flatten: Write = (build) => {
    const last = build.op('Transpose', [conv(build, image(build), 'a', 3)], { perm: [0, 2, 3, 1] });
    build.output(dense(build, build.op('Reshape', [last, build.ints([2, 48])]), 'b', 2), 'y');
  };
  const rows = Array.from({ length: 16 }, (_, k) => 3 * k + 2);
  assert.deepEqual(new CoupledGraph(flatten).weightsWith('a', 0, 2), { 'a 0': [2], 'b 0': rows });
  await new CoupledGraph(flatten).provesRemoval('a', 0, 2);
});

test('a dense layer split into an image', async () => {
  const decode: Write = (build) => {
    const x = dense(build, build.input('x', 'float32', [2, 5]), 'a', 48);
    build.output(conv(build, build.op('Reshape', [x, build.ints([-1, 3, 4, 4])]), 'b', 2), 'y');
  };
  const block = Array.from({ length: 16 }, (_, k) => 16 + k);
  assert.deepEqual(new CoupledGraph(decode).weightsWith('b', 1, 1), { 'a 1': block, 'b 1': [1] });
  await new CoupledGraph(decode).provesRemoval('b', 1, 1);
});

test('heads of attention: one place of every head, through scores and values alike', async () => {
  const attention: Write = (build) => {
    const x = build.input('x', 'float32', [2, 5, 4]);
    const heads = (name: string, perm: number[]) =>
      build.op('Transpose', [build.op('Reshape', [dense(build, x, name, 6), build.ints([0, 0, 2, 3])])], { perm });
    const scores = build.op('MatMul', [heads('q', [0, 2, 1, 3]), heads('k', [0, 2, 3, 1])]);
    const mixed = build.op('MatMul', [build.op('Softmax', [scores], { axis: -1 }), heads('v', [0, 2, 1, 3])]);
    const together = build.op('Reshape', [build.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), build.ints([0, 0, 6])]);
    build.output(dense(build, together, 'o', 4), 'y');
  };
  assert.deepEqual(new CoupledGraph(attention).weightsWith('q', 1, 1), { 'q 1': [1, 4], 'k 1': [1, 4] });
  assert.deepEqual(new CoupledGraph(attention).weightsWith('v', 1, 5), { 'v 1': [2, 5], 'o 0': [2, 5] });
  await new CoupledGraph(attention).provesRemoval('q', 1, 1);
  await new CoupledGraph(attention).provesRemoval('v', 1, 5);
});

test('concat: each part at its offset', async () => {
  const join: Write = (build) => {
    const x = image(build);
    build.output(conv(build, build.op('Concat', [conv(build, x, 'a', 2), conv(build, x, 'b', 3)], { axis: 1 }), 'c', 2), 'y');
  };
  assert.deepEqual(new CoupledGraph(join).weightsWith('b', 0, 1), { 'b 0': [1], 'c 1': [3] });
  await new CoupledGraph(join).provesRemoval('b', 0, 1);
});

for (const sizes of ['given', 'equal'] as const) {
  test(`split with ${sizes} sizes: parts of their own sizes afterwards`, async () => {
    const cut: Write = (build) => {
      const x = conv(build, image(build), 'a', 6);
      const inputs = sizes === 'given' ? [x, build.ints([2, 4])] : [x];
      const [first, second] = build.node('Split', inputs, { axis: 1, num_outputs: sizes === 'equal' ? 2 : undefined }, { outputs: 2 });
      build.output(conv(build, first, 'b', 2), 'y');
      build.output(conv(build, second, 'c', 2), 'z');
    };
    const offset = sizes === 'given' ? 2 : 3;
    assert.deepEqual(new CoupledGraph(cut).weightsWith('a', 0, 4), { 'a 0': [4], 'c 1': [4 - offset] });
    await new CoupledGraph(cut).provesRemoval('a', 0, 4);
  });
}

const moves: Record<string, { move: (build: GraphBuilder, x: Value) => Value; channel: number; goes: Record<string, number[]> }> = {
  'slice of channels': {
    move: (build, x) => build.op('Slice', [x, build.ints([2]), build.ints([5]), build.ints([1])]),
    channel: 3,
    goes: { 'a 0': [3], 'b 1': [1] },
  },
  'slice of channels, one before it going': {
    move: (build, x) => build.op('Slice', [x, build.ints([2]), build.ints([2 ** 31 - 1]), build.ints([1])]),
    channel: 0,
    goes: { 'a 0': [0] },
  },
  'slice of places': {
    move: (build, x) => build.op('Slice', [x, build.ints([-1]), build.ints([-99]), build.ints([3]), build.ints([-2])]),
    channel: 1,
    goes: { 'a 0': [1], 'b 1': [1] },
  },
  'pad of channels': {
    move: (build, x) => build.op('Pad', [x, build.ints([0, 1, 0, 0, 0, 2, 0, 0])]),
    channel: 4,
    goes: { 'a 0': [4], 'b 1': [5] },
  },
  'pad of places': {
    move: (build, x) => build.op('Pad', [x, build.ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'reflect' }),
    channel: 4,
    goes: { 'a 0': [4], 'b 1': [4] },
  },
  'gather of channels': {
    move: (build, x) => build.op('Gather', [x, build.ints([5, 0, 0, -3])], { axis: 1 }),
    channel: 0,
    goes: { 'a 0': [0], 'b 1': [1, 2] },
  },
  tile: { move: (build, x) => build.op('Tile', [x, build.ints([1, 2, 1, 1])]), channel: 2, goes: { 'a 0': [2], 'b 1': [2, 8] } },
  'nearest resize': {
    move: (build, x) => build.op('Resize', [x, undefined, build.constant(Tensor.from('float32', [4], [1, 1, 2, 2]))]),
    channel: 2,
    goes: { 'a 0': [2], 'b 1': [2] },
  },
  'resize to sizes': {
    move: (build, x) => {
      const sizes = build.op(
        'Concat',
        [build.op('Slice', [build.op('Shape', [x]), build.ints([0]), build.ints([2])]), build.ints([8, 8])],
        {
          axis: 0,
        },
      );
      return build.op('Resize', [x, undefined, undefined, sizes], { mode: 'linear' });
    },
    channel: 2,
    goes: { 'a 0': [2], 'b 1': [2] },
  },
  'where with zeros': {
    move: (build, x) => build.op('Where', [build.op('Greater', [x, build.scalar(0)]), x, build.scalar(0)]),
    channel: 5,
    goes: { 'a 0': [5], 'b 1': [5] },
  },
  'reshape by sizes that are read': {
    move: (build, x) => {
      const shape = build.op('Shape', [x]);
      const target = build.op('Concat', [sizeAt(build, shape, 0), sizeAt(build, shape, 1), build.ints([-1])], { axis: 0 });
      return build.op('Unsqueeze', [build.op('Reshape', [x, target]), build.ints([3])]);
    },
    channel: 2,
    goes: { 'a 0': [2], 'b 1': [2] },
  },
};

for (const [name, { move, channel, goes }] of Object.entries(moves)) {
  test(name, async () => {
    assert.deepEqual(new CoupledGraph(between(move)).weightsWith('a', 0, channel), goes);
    await new CoupledGraph(between(move)).provesRemoval('a', 0, channel);
  });
}

for (const mode of ['DCR', 'CRD'] as const) {
  test(`DepthToSpace ${mode}: the places of a block go together`, async () => {
    const deep = between((build, x) => build.op('DepthToSpace', [x], { blocksize: 2, mode }), 8);
    const goes = mode === 'DCR' ? [1, 3, 5, 7] : [4, 5, 6, 7];
    assert.deepEqual(new CoupledGraph(deep).weightsWith('a', 0, 5), { 'a 0': goes, 'b 1': [1] });
    await new CoupledGraph(deep).provesRemoval('a', 0, 5);
  });
}

test('SpaceToDepth: a channel with every place of its blocks', async () => {
  const wide = between((build, x) => build.op('SpaceToDepth', [x], { blocksize: 2 }), 3);
  assert.deepEqual(new CoupledGraph(wide).weightsWith('a', 0, 1), { 'a 0': [1], 'b 1': [1, 4, 7, 10] });
  await new CoupledGraph(wide).provesRemoval('a', 0, 1);
});

/** Flatten to dense by a computed target [batch, last]. */
function flattenTo(last: (build: GraphBuilder, shape: Value) => Value): Write {
  return (build) => {
    const x = conv(build, image(build), 'a', 3);
    const shape = build.op('Shape', [x]);
    const target = build.op('Concat', [sizeAt(build, shape, 0), last(build, shape)], { axis: 0 });
    build.output(dense(build, build.op('Reshape', [x, target]), 'b', 2), 'y');
  };
}

test('a computed target that ends in -1 follows', async () => {
  await new CoupledGraph(flattenTo((build) => build.ints([-1]))).provesRemoval('a', 0, 1);
});

test('a computed target that ends in a number is rewritten', async () => {
  await new CoupledGraph(flattenTo((build) => build.ints([48]))).provesRemoval('a', 0, 1);
});

test('a computed target that the rules cannot follow locks the channels', () => {
  const write = flattenTo((build, shape) => build.op('Mul', [sizeAt(build, shape, 1), build.ints([16])]));
  assert.equal(new CoupledGraph(write).with('a', 0, 1), 'locked');
});

test('a size that is computed with locks its axis, and no other', async () => {
  const scaled = (axis: number) =>
    between((build, x) => {
      const size = build.op('Cast', [build.op('Gather', [build.op('Shape', [x]), build.constant(Tensor.scalar('int64', axis))])], {
        to: 1,
      });
      return build.op('Div', [x, build.op('Sqrt', [size])]);
    });
  assert.equal(new CoupledGraph(scaled(1)).with('a', 0, 1), 'locked');
  await new CoupledGraph(scaled(2)).provesRemoval('a', 0, 1);
});

test('an expanded axis shrinks with its target', async () => {
  const expand: Write = (build) => {
    const pooled = build.op('GlobalAveragePool', [conv(build, image(build), 'a', 6)]);
    build.output(conv(build, build.op('Expand', [pooled, build.ints([2, 6, 4, 4])]), 'b', 2), 'y');
  };
  assert.deepEqual(new CoupledGraph(expand).weightsWith('a', 0, 1), { 'a 0': [1], 'b 1': [1] });
  await new CoupledGraph(expand).provesRemoval('a', 0, 1);
});

test('a reshape of the weight itself, as CNTK writes its dense layers', async () => {
  const cntk: Write = (build) => {
    const x = build.op('Reshape', [conv(build, image(build), 'a', 3), build.ints([2, 48])]);
    const matrix = build.op('Reshape', [weight(build, 'w', [3, 4, 4, 5]), build.ints([48, 5])]);
    build.output(build.op('MatMul', [x, matrix]), 'y');
  };
  assert.deepEqual(new CoupledGraph(cntk).weightsWith('a', 0, 1), { 'a 0': [1], 'w 0': [1] });
  await new CoupledGraph(cntk).provesRemoval('a', 0, 1);
});

test('indices that depend on the data lock what they reach', () => {
  const write = between((build, x) => {
    const order = build.op('Cast', [build.op('ReduceMax', [build.op('Relu', [x]), build.ints([0, 2, 3])], { keepdims: 0 })], { to: 7 });
    return build.op('Gather', [x, order], { axis: 1 });
  });
  assert.equal(new CoupledGraph(write).with('a', 0, 1), 'locked');
});
