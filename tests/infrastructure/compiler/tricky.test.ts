import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { cancelMoves, foldConstants, foldNormalization, hoistAbovePools, simplify, trimUnread } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import {
  copyModel,
  decodeModel,
  encodeModel,
  floatAttribute,
  Graph,
  type GraphBuilder,
  Model,
  mergeCommonSubexpressions,
  Node,
  removeDeadCode,
  SymbolicDim,
  Tensor,
  Value,
} from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { normalTensors, positiveTensors } from '../../support/tensors.js';
import { assertSame, assertWhole, outputsOf } from './same-outputs.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const random = new Random(5);
const normal = normalTensors(random);
const positive = positiveTensors(random);

/** A model on `x` [N, 4, 6, 6], opset 17. */
function modelOf(write: (build: GraphBuilder, x: Value) => void, opset = 17): Model {
  const graph = new Graph('tricky');
  const build = typedBuilder(graph, new Map([['', opset]]));
  write(build, build.input('x', 'float32', [SymbolicDim.named('N'), 4, 6, 6]));
  const model = new Model(graph, opset);
  model.irVersion = 8;
  return model;
}

const passes = {
  foldConstants: (model: Model) => foldConstants(model, runtime),
  cancelMoves: ({ graph }: Model) => cancelMoves(graph),
  foldNormalization: ({ graph }: Model) => foldNormalization(graph),
  hoistAbovePools: ({ graph }: Model) => hoistAbovePools(graph),
  trimUnread: ({ graph }: Model) => trimUnread(graph),
  mergeCommonSubexpressions: ({ graph }: Model) => mergeCommonSubexpressions(graph),
  removeDeadCode: ({ graph }: Model) => removeDeadCode(graph),
};

/** Runs a model before and after each pass and after all of them. @returns operators left in the end, in order. */
async function simplified(model: Model, more: Record<string, Tensor> = {}): Promise<string[]> {
  const feeds = { x: normal(2, 4, 6, 6), ...more };
  const expected = await outputsOf(runtime, model, feeds);
  const check = async (after: Model) => {
    assertWhole(after);
    assert.deepEqual(
      after.graph.outputs.map(({ name }) => name),
      model.graph.outputs.map(({ name }) => name),
    );
    assertSame(await outputsOf(runtime, decodeModel(encodeModel(after)), feeds), expected, 1e-5);
  };
  for (const pass of Object.values(passes)) {
    const copy = copyModel(model);
    await pass(copy);
    await check(copy);
  }
  const all = await simplify(model, runtime);
  await check(all);
  const again = await simplify(all, runtime);
  assert.equal(again.graph.nodes.length, all.graph.nodes.length, 'simplifying twice changes nothing');
  return all.graph.nodes.map(({ op }) => op);
}

const norm = (build: GraphBuilder, value: Value, channels: number) =>
  build.op('BatchNormalization', [
    value,
    ...[normal(channels), normal(channels), normal(channels), positive(channels)].map((tensor) => build.parameter('norm', tensor)),
  ]);

test('BatchNormalization folds into Conv, ConvTranspose and Gemm, in all their forms', async () => {
  const conv = (bias: boolean) =>
    modelOf((build, x) => {
      const weight = [build.parameter('w', normal(5, 4, 3, 3)), ...(bias ? [build.parameter('b', normal(5))] : [])];
      build.output(norm(build, build.op('Conv', [x, ...weight], { pads: [1, 1, 1, 1] }), 5), 'y');
    });
  for (const bias of [true, false]) assert.deepEqual(await simplified(conv(bias)), ['Conv']);
  const transposed = (group: number) =>
    modelOf((build, x) => {
      build.output(norm(build, build.op('ConvTranspose', [x, build.parameter('w', normal(4, 3, 2, 2))], { group }), 3 * group), 'y');
    });
  assert.deepEqual(await simplified(transposed(1)), ['ConvTranspose']);
  assert.deepEqual(await simplified(transposed(2)), ['ConvTranspose', 'BatchNormalization']);

  const gemm = (c: Tensor | undefined, attributes: Record<string, number> = {}, rows = 144) =>
    modelOf((build, x) => {
      const flat = build.op('Reshape', [x, build.ints([2, 144])]);
      const weight = build.parameter('w', attributes.transB ? normal(3, rows) : normal(rows, 3));
      const forced = Object.entries(attributes).map(([key, value]) => [key, key === 'transB' ? value : floatAttribute(value)]);
      const inputs = [flat, weight, ...(c ? [build.parameter('c', c)] : [])];
      build.output(norm(build, build.op('Gemm', inputs, Object.fromEntries(forced)), 3), 'y');
    });
  for (const c of [undefined, normal(), normal(1), normal(3), normal(1, 3)]) {
    assert.deepEqual(await simplified(gemm(c)), ['Reshape', 'Gemm'], `C of shape [${c?.shape}]`);
  }
  assert.deepEqual(await simplified(gemm(normal(3), { transB: 1 })), ['Reshape', 'Gemm']);
  for (const c of [normal(2, 1), normal(2, 3)]) {
    assert.deepEqual(await simplified(gemm(c)), ['Reshape', 'Gemm', 'BatchNormalization'], 'C with a row for each sample stays');
  }
  assert.deepEqual(await simplified(gemm(normal(3), { alpha: 0.5 })), ['Reshape', 'Gemm', 'BatchNormalization']);
  assert.deepEqual(await simplified(gemm(normal(3), { beta: 2 })), ['Reshape', 'Gemm', 'BatchNormalization']);
});

test('ReLU and BatchNormalization behind a max-pool come before it, into the convolution', async () => {
  const pads = { pads: [1, 1, 1, 1] };
  const pool = { kernel_shape: [3, 3], strides: [2, 2], ...pads };
  const scaled = (build: GraphBuilder, value: Value, scale: Tensor) =>
    build.op('BatchNormalization', [value, ...[scale, normal(5), normal(5), positive(5)].map((tensor) => build.parameter('norm', tensor))]);
  const chain = (scale: Tensor, more?: (build: GraphBuilder, conv: Value, pooled: Value) => void) =>
    modelOf((build, x) => {
      const conv = build.op('Conv', [x, build.parameter('w', normal(5, 4, 3, 3))], pads);
      const pooled = build.op('MaxPool', [conv], pool);
      build.output(build.op('Relu', [scaled(build, pooled, scale)]), 'y');
      more?.(build, conv, pooled);
    });
  const scale = positive(5);
  assert.deepEqual(await simplified(chain(scale)), ['Conv', 'Relu', 'MaxPool']);
  const zero = Tensor.from('float32', [5], [0, ...scale.numbers().slice(1)]);
  assert.deepEqual(await simplified(chain(zero)), ['Conv', 'Relu', 'MaxPool'], 'a channel that is switched off');
  const negative = Tensor.from('float32', [5], [-0.5, ...scale.numbers().slice(1)]);
  const stays = ['Conv', 'MaxPool', 'BatchNormalization', 'Relu'];
  assert.deepEqual(await simplified(chain(negative)), stays, 'the largest would become the smallest');
  const reads = (pick: 'conv' | 'pooled') => (build: GraphBuilder, conv: Value, pooled: Value) =>
    build.output(build.op('Neg', [pick === 'conv' ? conv : pooled]), 'z');
  for (const pick of ['conv', 'pooled'] as const)
    assert.deepEqual((await simplified(chain(scale, reads(pick)))).sort(), [...stays, 'Neg'].sort(), `others read the ${pick} output`);
  const indexed = modelOf((build, x) => {
    const conv = build.op('Conv', [x, build.parameter('w', normal(5, 4, 3, 3))], pads);
    const [pooled, indices] = build.node('MaxPool', [conv], pool, { outputs: 2 });
    build.output(build.op('Relu', [pooled]), 'y');
    build.output(indices, 'places');
  });
  assert.deepEqual(await simplified(indexed), ['Conv', 'MaxPool', 'Relu'], 'where the largest value is');
  const bare = modelOf((build, x) => {
    build.output(build.op('Relu', [build.op('MaxPool', [x], pool)]), 'y');
  });
  assert.deepEqual(await simplified(bare), ['MaxPool', 'Relu'], 'no convolution to go into');
  const dilated = modelOf((build, x) => {
    const small = build.op('Conv', [x, build.parameter('w', normal(5, 4, 5, 5))]);
    const apart = { kernel_shape: [2, 2], dilations: [3, 3], ...pads };
    build.output(build.op('Relu', [build.op('MaxPool', [small], apart)]), 'y');
  });
  assert.deepEqual(await simplified(dilated), ['Conv', 'MaxPool', 'Relu'], 'a window that lies in the padding altogether');
  const inside = modelOf((build, x) => {
    const conv = build.op('Conv', [x, build.parameter('w', normal(5, 4, 3, 3))], pads);
    const branch = (name: string, write: (inner: GraphBuilder) => Value) => {
      const inner = build.within(name);
      inner.output(write(inner), `${name}_out`);
      return inner.graph;
    };
    const condition = build.op('Greater', [build.op('ReduceSum', [x], { keepdims: 0 }), build.scalar(0)]);
    const branches = {
      then_branch: branch('then', (inner) => inner.op('Relu', [inner.op('MaxPool', [conv], pool)])),
      else_branch: branch('else', (inner) => inner.op('MaxPool', [conv], pool)),
    };
    build.output(build.op('If', [condition], branches), 'y');
  });
  const simple = await simplify(inside, runtime);
  const [then] = simple.graph.nodes.find(({ op }) => op === 'If')?.subgraphs() ?? [];
  assert.ok(
    [...(then?.nodes ?? [])].every(({ op, inputs }) => op !== 'Relu' || inputs[0]?.producer?.op === 'MaxPool'),
    'the convolution is outside',
  );
});

test('a square C of Gemm is not taken for a bias', async () => {
  const model = modelOf((build, x) => {
    const flat = build.op('Reshape', [x, build.ints([2, 144])]);
    const product = build.op('Gemm', [flat, build.parameter('w', normal(144, 2)), build.parameter('c', normal(2, 1))]);
    build.output(norm(build, product, 2), 'y');
  });
  assert.deepEqual(await simplified(model), ['Reshape', 'Gemm', 'BatchNormalization']);
});

test('BatchNormalization stays where folding would change something else', async () => {
  const weight = normal(5, 4, 3, 3);
  const before = modelOf((build, x) => {
    build.output(build.op('Conv', [norm(build, x, 4), build.parameter('w', weight)], { pads: [1, 1, 1, 1] }), 'y');
  });
  assert.deepEqual(await simplified(before), ['BatchNormalization', 'Conv'], 'before a padded Conv');

  const shared = modelOf((build, x) => {
    const conv = build.op('Conv', [x, build.parameter('w', weight)]);
    build.output(build.op('Add', [norm(build, conv, 5), conv]), 'y');
  });
  assert.deepEqual(await simplified(shared), ['Conv', 'BatchNormalization', 'Add'], 'another reader');

  const output = modelOf((build, x) => {
    const conv = build.op('Conv', [x, build.parameter('w', weight)]);
    build.output(conv, 'c');
    build.output(norm(build, conv, 5), 'y');
  });
  assert.deepEqual(await simplified(output), ['Conv', 'BatchNormalization'], 'the layer is an output');

  const computed = modelOf((build, x) => {
    const scale = build.op('ReduceMean', [x], { axes: [0, 2, 3], keepdims: 0 });
    const weights = build.op('Mul', [build.parameter('w', normal(4, 4, 3, 3)), build.op('Reshape', [scale, build.ints([4, 1, 1, 1])])]);
    build.output(norm(build, build.op('Conv', [x, weights]), 4), 'y');
  });
  assert.ok((await simplified(computed)).includes('BatchNormalization'), 'a computed weight');
});

test('a weight that two layers share is copied for the one that is folded', async () => {
  const model = modelOf((build, x) => {
    const weight = build.parameter('w', normal(4, 4, 3, 3));
    const first = norm(build, build.op('Conv', [x, weight], { pads: [1, 1, 1, 1] }), 4);
    build.output(build.op('Conv', [first, weight], { pads: [1, 1, 1, 1] }), 'y');
  });
  assert.deepEqual(await simplified(model), ['Conv', 'Conv']);
});

test('transposes fuse and cancel, and those that are outputs stay outputs', async () => {
  const cancelled = modelOf((build, x) => {
    const there = build.op('Transpose', [x], { perm: [0, 2, 3, 1] });
    build.output(build.op('Relu', [build.op('Transpose', [there], { perm: [0, 3, 1, 2] })]), 'y');
  });
  assert.deepEqual(await simplified(cancelled), ['Relu']);

  const between = modelOf((build, x) => {
    const there = build.op('Transpose', [x], { perm: [0, 2, 3, 1] });
    build.output(there, 'nhwc');
    build.output(build.op('Transpose', [there], { perm: [0, 3, 1, 2] }), 'same');
  });
  assert.deepEqual((await simplified(between)).sort(), ['Transpose', 'Transpose'].sort(), 'an output that equals the input needs a node');

  const chain = modelOf((build, x) => {
    let value = x;
    for (const perm of [
      [1, 0, 2, 3],
      [0, 1, 3, 2],
      [3, 2, 1, 0],
    ])
      value = build.op('Transpose', [value], { perm });
    build.output(value, 'y');
  });
  assert.deepEqual(await simplified(chain), ['Transpose']);

  const reversed = modelOf((build, x) => {
    build.output(build.op('Relu', [build.op('Transpose', [build.op('Transpose', [x])])]), 'y');
  });
  assert.deepEqual(await simplified(reversed), ['Relu'], 'without perm, axes are reversed');
});

test('casts that lose nothing are skipped, others stay', async () => {
  const cast = (...types: number[]) =>
    modelOf((build, x) => {
      let value = build.op('Relu', [x]);
      for (const to of types) value = build.op('Cast', [value], { to });
      build.output(value, 'y');
    });
  const [float, int8, int32, half, double] = [1, 3, 6, 10, 11];
  assert.deepEqual(await simplified(cast(float)), ['Relu']);
  assert.deepEqual(await simplified(cast(double, float)), ['Relu']);
  assert.deepEqual(await simplified(cast(double, int32)), ['Relu', 'Cast']);
  assert.deepEqual(await simplified(cast(half, float)), ['Relu', 'Cast', 'Cast']);
  assert.deepEqual(await simplified(cast(int8, int32, int8)), ['Relu', 'Cast']);
  assert.deepEqual(await simplified(cast(int32, float)), ['Relu', 'Cast', 'Cast']);
});

test('reshapes to the shape that is there already, Identity and Dropout go', async () => {
  const model = modelOf((build, x) => {
    const same = build.op('Reshape', [x, build.ints([-1, 4, 6, 6])]);
    const twice = build.op('Reshape', [build.op('Reshape', [same, build.ints([0, -1])]), build.ints([-1, 36])]);
    const dropped = build.op('Dropout', [build.op('Identity', [twice]), build.scalar(0.5), build.constant(Tensor.from('bool', [], [0]))]);
    build.output(build.op('Relu', [dropped]), 'y');
  });
  assert.deepEqual(await simplified(model), ['Reshape', 'Relu']);
});

test('constants reach outputs, also those that are known by shape only', async () => {
  const model = modelOf((build, x) => {
    build.output(build.op('Add', [build.scalar(1), build.scalar(2)]), 'three');
    const shape = build.op('Shape', [x]);
    build.output(build.op('Gather', [shape, build.ints([1, 2])]), 'sizes');
    build.output(build.op('Gather', [shape, build.constant(Tensor.scalar('int64', 0))]), 'batch');
    build.output(build.op('Relu', [x]), 'y');
  });
  const left = await simplified(model);
  assert.equal(left.filter((op) => op === 'Identity').length, 2, 'an Identity carries each constant');
  assert.ok(left.includes('Shape'), 'the batch size is known at run time only');
});

test('weights in fewer bits stay so, and what would grow stays computed', async () => {
  const model = modelOf((build, x) => {
    const weight = build.parameter(
      'w',
      Tensor.from(
        'int8',
        [4, 4, 3, 3],
        Array.from({ length: 144 }, (_, i) => (i % 200) - 100),
      ),
    );
    const float = build.op('DequantizeLinear', [weight, build.scalar(0.01), build.constant(Tensor.scalar('int8', 0))]);
    const ones = build.op('Expand', [build.scalar(2), build.ints([1, 4, 60, 60])]);
    build.output(build.op('Conv', [x, float]), 'y');
    build.output(build.op('ReduceSum', [ones]), 'sum');
  });
  assert.deepEqual((await simplified(model)).sort(), ['Conv', 'DequantizeLinear', 'Expand', 'ReduceSum']);
});

test('equal nodes merge; two outputs stay two; random ones and zeros of two signs stay apart', async () => {
  const merged = modelOf((build, x) => {
    const [a, b] = [0, 1].map(() =>
      build.op('Add', [build.op('Relu', [x]), build.graph.addInitializer(build.graph.freshName('c'), Tensor.scalar('float32', 3))]),
    );
    build.output(build.op('Mul', [a, b]), 'y');
  });
  assert.deepEqual(await simplified(merged), ['Relu', 'Add', 'Mul']);
  const outputs = modelOf((build, x) => {
    build.output(build.op('Relu', [x]), 'a');
    build.output(build.op('Relu', [x]), 'b');
  });
  assert.deepEqual(await simplified(outputs), ['Relu', 'Relu']);
  const zeros = modelOf((build, x) => {
    const signs = [0, -0].map((zero) => build.op('Div', [x, build.node('Constant', [], { value_float: floatAttribute(zero) })[0]]));
    build.output(build.op('Equal', signs), 'y');
  });
  assert.equal((await simplified(zeros)).filter((op) => op === 'Div').length, 2);
  const noise = modelOf((build, x) => {
    const [a, b] = [0, 1].map(() => build.op('RandomNormalLike', [x]));
    build.output(build.op('ReduceMax', [build.op('Abs', [build.op('Sub', [a, b])])], { keepdims: 0 }), 'y');
  });
  assert.equal(mergeCommonSubexpressions(noise.graph), 0);
});

/** An If on `c` whose branches the callbacks write. */
function choice(build: GraphBuilder, condition: Value, branches: readonly ((inner: GraphBuilder) => Value)[]): Value {
  const graphs = branches.map((write, index) => {
    const graph = new Graph(`branch${index}`);
    graph.outer = build.graph;
    const inner = typedBuilder(graph, new Map([['', 17]]));
    inner.output(write(inner), build.graph.freshName(`branch${index}_out`));
    return graph;
  });
  return build.op('If', [condition], { then_branch: graphs[0], else_branch: graphs[1] });
}

test('values that only branches read stay, and constants inside branches fold', async () => {
  const model = modelOf((build, x) => {
    const c = build.input('c', 'bool', []);
    const captured = build.op('Relu', [x]);
    const folded = build.op('Add', [build.scalar(1), build.scalar(1)]);
    const dead = build.op('Neg', [x]);
    build.op('Exp', [dead]);
    const y = choice(build, c, [
      (inner) => inner.op('Mul', [captured, inner.op('Mul', [folded, inner.scalar(3)])]),
      (inner) => {
        inner.op('Sin', [x]);
        return inner.op('Transpose', [inner.op('Transpose', [inner.op('Identity', [captured])], { perm: [1, 0, 2, 3] })], {
          perm: [1, 0, 2, 3],
        });
      },
    ]);
    build.output(y, 'y');
  });
  for (const c of [true, false]) {
    assert.deepEqual((await simplified(model, { c: Tensor.from('bool', [], [c ? 1 : 0]) })).sort(), ['If', 'Relu']);
  }
  const { graph } = await simplify(model, runtime);
  const [then, other] = graph.nodes.find(({ op }) => op === 'If')?.subgraphs() ?? [];
  assert.deepEqual(
    then.nodes.map(({ op }) => op),
    ['Mul'],
    'the product of constants is folded inside',
  );
  assert.equal(other.nodes.length, 1, 'a branch hands out a value of its own');
});

test('a branch that cannot run keeps its failing nodes', async () => {
  const model = modelOf((build, x) => {
    const c = build.input('c', 'bool', []);
    const y = choice(build, c, [
      (inner) => inner.op('Relu', [x]),
      (inner) => inner.op('Add', [x, inner.op('Gather', [inner.parameter('table', normal(3)), inner.ints([7])])]),
    ]);
    build.output(y, 'y');
  });
  await simplified(model, { c: Tensor.from('bool', [], [1]) });
});

test('Loop bodies read captured values and keep their state', async () => {
  const model = modelOf((build, x) => {
    const body = new Graph('body');
    body.outer = build.graph;
    const inner = typedBuilder(body, new Map([['', 17]]));
    inner.input('i', 'int64', []);
    const going = inner.input('going', 'bool', []);
    const state = inner.input('state', 'float32', [SymbolicDim.named('N'), 4, 6, 6]);
    inner.output(going, 'still');
    inner.output(inner.op('Add', [state, inner.op('Mul', [x, inner.scalar(0.5)])]), 'next');
    const loop = build.node('Loop', [build.constant(Tensor.scalar('int64', 3)), undefined, x], { body });
    build.output(loop[0], 'y');
  });
  assert.deepEqual(await simplified(model), ['Loop']);
});

test('outputs that are inputs, initializers or listed twice', async () => {
  const direct = modelOf((build, x) => {
    build.graph.outputs.push(x);
    build.graph.outputs.push(build.parameter('w', normal(3)));
    build.output(build.op('Relu', [build.op('Identity', [x])]), 'y');
  });
  await simplified(direct);
  const graph = new Graph('twice');
  const build = typedBuilder(graph, new Map([['', 17]]));
  const identity = build.op('Identity', [build.op('Relu', [build.input('x', 'float32', [3])])]);
  identity.name = 'y';
  graph.outputs.push(identity, identity);
  cancelMoves(graph);
  assert.deepEqual(
    graph.outputs.map(({ name }) => name),
    ['y', 'y'],
  );
  assert.equal(graph.outputs[0].producer?.op, 'Relu');
});

test('dead code that branches of dead nodes read goes at once', () => {
  const graph = new Graph('dead');
  const build = typedBuilder(graph, new Map([['', 17]]));
  const x = build.input('x', 'float32', [3]);
  const dead = build.op('Neg', [x]);
  choice(build, build.constant(Tensor.from('bool', [], [1])), [(inner) => inner.op('Exp', [dead]), (inner) => inner.op('Sin', [dead])]);
  build.output(build.op('Relu', [x]), 'y');
  assert.equal(removeDeadCode(graph), 2);
  assert.deepEqual(
    graph.nodes.map(({ op }) => op),
    ['Relu'],
  );
  assert.equal(x.readers.size, 1);
});

test('weights that were inputs too are gone once nothing reads them', async () => {
  const model = modelOf((build, x) => {
    const weight = build.parameter('w', normal(5, 4, 3, 3));
    build.graph.inputs.push(weight);
    build.output(norm(build, build.op('Conv', [x, weight]), 5), 'y');
  });
  const { graph } = await simplify(model, runtime);
  assert.deepEqual(
    graph.inputs.map(({ name }) => name),
    ['x'],
  );
  assert.equal(graph.initializers.size, 2);
});

test('names that a branch hides are refused on writing', () => {
  const graph = new Graph('hidden');
  const build = typedBuilder(graph, new Map([['', 17]]));
  const x = build.input('x', 'float32', [3]);
  const outer = build.op('Relu', [x]);
  outer.name = 'value';
  const branches = [0, 1].map(() => {
    const branch = new Graph('branch');
    const add = new Node('Add');
    add.setInput(0, outer);
    add.setInput(1, outer);
    add.setOutput(0, new Value('value'));
    branch.add(add);
    branch.outputs.push(add.outputs[0] as Value);
    return branch;
  });
  build.output(build.op('If', [build.constant(Tensor.from('bool', [], [1]))], { then_branch: branches[0], else_branch: branches[1] }), 'y');
  assert.throws(() => encodeModel(new Model(graph, 17)), {
    name: 'GraphError',
    message: /Another value hides "value", which is read here/,
  });
});

test('a result that is stored beside what it was computed from, because others read that, is not folded where the file would grow', async () => {
  const source = modelOf((build, x) => {
    const weight = build.parameter('w', normal(64, 64));
    const transposed = build.op('Transpose', [weight], { perm: [1, 0] });
    const flat = build.op('Reshape', [build.op('Concat', [x, x, x, x], { axis: 1 }), build.ints([-1, 64])]);
    build.output(build.op('MatMul', [build.op('MatMul', [flat, weight]), transposed]), 'y');
  });
  const made = await simplify(source, runtime);
  const feeds = { x: normal(4, 4, 6, 6) };
  assertSame(await outputsOf(runtime, made, feeds), await outputsOf(runtime, source, feeds), 1e-5);
  assert.ok(encodeModel(made).byteLength < 1.1 * encodeModel(source).byteLength);
  assert.equal(made.graph.nodes.filter(({ op }) => op === 'Transpose').length, 1);
});
