import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { lowerToWebGpu } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { codeOf, floatAttribute, Graph, type GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { runWithSwiftShader, skipWithoutSwiftShader } from '../../support/swiftshader.js';
import { convolutions } from './convolutions.js';
import { assertSame, outputsOf } from './same-outputs.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

function modelOf(shape: readonly number[], write: (build: GraphBuilder, x: Value) => void, opset = 21): Model {
  const graph = new Graph('test');
  const model = new Model(graph, opset);
  const build = typedBuilder(graph, model.opsets);
  write(build, build.input('x', 'float32', shape));
  return model;
}

const nodesOf = (graph: Graph): Graph['nodes'][number][] =>
  graph.nodes.flatMap((node) => [node, ...node.subgraphs().flatMap((inner) => nodesOf(inner))]);

/** Few different numbers, so that windows have several maxima. */
function image(shape: readonly number[]): Tensor {
  const random = new Random(5);
  const numbers = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.integer(3));
  return Tensor.of('float32', shape, numbers);
}

for (const [opset, count] of [
  [21, 8],
  [21, 60],
  [11, 20],
] as const) {
  test(`a Split into ${count} of opset ${opset} becomes a tree of Splits into 7 at most`, async () => {
    const sizes = Array.from({ length: count }, (_, index) => 1 + (index % 4));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const model = modelOf(
      [2, total],
      (build, x) => {
        const [inputs, attributes] = opset < 13 ? [[x], { axis: 1, split: sizes }] : [[x, build.ints(sizes)], { axis: 1 }];
        build.node('Split', inputs, attributes, { outputs: count }).forEach((part, index) => {
          build.output(index % 2 === 0 ? part : build.op('Neg', [part]), `part${index}`);
        });
      },
      opset,
    );
    const lowered = lowerToWebGpu(model);
    assert.deepEqual(lowered.onCpu, []);
    const splits = lowered.model.graph.nodes.filter(({ op }) => op === 'Split');
    assert.ok(splits.length > 1 && splits.every(({ outputs }) => outputs.length <= 7));
    assert.equal(model.graph.nodes.filter(({ op }) => op === 'Split').length, 1, 'the original stays as it was');
    const feeds = { x: image([2, total]) };
    assertSame(await outputsOf(runtime, lowered.model, feeds), await outputsOf(runtime, model, feeds), 0);
  });
}

test('Splits in branches are narrowed, too; one whose sizes are not written down stays', () => {
  const model = modelOf([16, 2], (build, x) => {
    const branch = build.within('branch');
    branch.output(branch.node('Split', [x, branch.ints(Array(16).fill(1))], { axis: 0 }, { outputs: 16 })[3]);
    const other = build.within('other');
    other.output(other.node('Split', [x], { axis: 0, num_outputs: 16 }, { outputs: 16 })[2]);
    build.output(build.op('If', [build.constant(Tensor.scalar('bool', 1))], { then_branch: branch.graph, else_branch: other.graph }), 'y');
  });
  const widths = nodesOf(lowerToWebGpu(model).model.graph)
    .filter(({ op }) => op === 'Split')
    .map(({ outputs }) => outputs.length);
  assert.deepEqual(
    widths.sort((a, b) => a - b),
    [2, 3, 7, 7, 16],
  );
});

function pooled(build: GraphBuilder, x: Value, attributes: Record<string, number[]>): void {
  const [maxima, indices] = build.node('MaxPool', [x], { kernel_shape: [2, 3], ...attributes }, { outputs: 2, name: 'pool' });
  build.output(maxima, 'maxima');
  const upstream = build.op('Mul', [maxima, build.scalar(0.5)]);
  const shape = build.ints(x.shape as number[]);
  build.output(build.op('MaxUnpool', [upstream, indices, shape], { kernel_shape: [2, 3], strides: [2, 3] }), 'gradient');
}

test('the gradient of a pool whose windows tile the image goes to the first maximum without its indices', async () => {
  const model = modelOf([2, 3, 6, 9], (build, x) => pooled(build, x, { strides: [2, 3] }));
  const lowered = lowerToWebGpu(model);
  assert.deepEqual(lowered.onCpu, []);
  const [pool] = lowered.model.graph.nodes.filter(({ op }) => op === 'MaxPool');
  assert.equal(pool.outputs.length, 1);
  assert.equal(lowered.model.graph.nodes.filter(({ op }) => op === 'MaxUnpool').length, 0);
  const feeds = { x: image([2, 3, 6, 9]) };
  assertSame(await outputsOf(runtime, lowered.model, feeds), await outputsOf(runtime, model, feeds), 0);
});

for (const attributes of [
  { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  { kernel_shape: [3, 2], strides: [1, 1], pads: [0, 1, 1, 0] },
  { kernel_shape: [2, 2], strides: [1, 1], dilations: [2, 3] },
  { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
  { kernel_shape: [2, 2], strides: [3, 3] },
]) {
  test(`the gradient of a pool ${JSON.stringify(attributes)} adds up at the first maxima without its indices`, async () => {
    const shape = [2, 3, 8, 9];
    const model = modelOf(shape, (build, x) => {
      const [maxima, indices] = build.node('MaxPool', [x], attributes, { outputs: 2 });
      build.output(maxima, 'maxima');
      const flat = (value: Value) => build.op('Reshape', [value, build.ints([-1])]);
      const zeros = build.constant(Tensor.of('float32', [432], new Float32Array(432)));
      const upstream = flat(build.op('Mul', [build.op('Add', [maxima, build.scalar(1)]), build.scalar(0.5)]));
      const scattered = build.op('ScatterElements', [zeros, flat(indices), upstream], { axis: 0, reduction: 'add' });
      build.output(build.op('Reshape', [scattered, build.ints(shape)]), 'gradient');
    });
    const lowered = lowerToWebGpu(model);
    assert.deepEqual(lowered.onCpu, []);
    assert.equal(lowered.model.graph.nodes.filter(({ op }) => op === 'ScatterElements').length, 0);
    const feeds = { x: image(shape) };
    assertSame(await outputsOf(runtime, lowered.model, feeds), await outputsOf(runtime, model, feeds), 1e-6);
  });
}

/** Halves, whole numbers and others of both signs. */
const numbers = Float32Array.from({ length: 96 }, (_, index) => (index % 4 === 3 ? Math.sin(index) * 5 : (index - 48) / 2));

const absent: Readonly<Record<string, (build: GraphBuilder, x: Value) => Value>> = {
  Sum: (build, x) => build.op('Sum', [x, build.op('Neg', [build.op('Abs', [x])]), build.scalar(2)]),
  Mean: (build, x) => build.op('Mean', [x, build.op('Abs', [x]), build.scalar(2)]),
  Sign: (build, x) => build.op('Sign', [x]),
  Round: (build, x) => build.op('Round', [x]),
  Softsign: (build, x) => build.op('Softsign', [x]),
  Celu: (build, x) => build.op('Celu', [x], { alpha: floatAttribute(0.7) }),
  Selu: (build, x) =>
    build.op('Add', [build.op('Selu', [x]), build.op('Selu', [x], { alpha: floatAttribute(2), gamma: floatAttribute(0.5) })]),
  LogSoftmax: (build, x) => build.op('LogSoftmax', [x], { axis: 1 }),
  SpaceToDepth: (build, x) => build.op('SpaceToDepth', [x], { blocksize: 2 }),
  BitShift: (build, x) => {
    const whole = build.op('Cast', [build.op('Mul', [build.op('Abs', [x]), build.scalar(1e8)])], { to: codeOf('uint32') });
    const shift = (direction: string, bits: number) => build.op('BitShift', [whole, build.scalar(bits, 'uint32')], { direction });
    return build.op('Cast', [build.op('Add', [shift('LEFT', 3), shift('RIGHT', 9)])], { to: codeOf('float32') });
  },
};
for (const [op, write] of Object.entries(absent)) {
  test(`${op}, of which WebGPU has no kernel, is said in others`, async () => {
    const model = modelOf([2, 3, 4, 4], (build, x) => void build.output(write(build, x), 'y'));
    const lowered = lowerToWebGpu(model).model;
    assert.equal(lowered.graph.nodes.filter((node) => node.op === op).length, 0);
    const feeds = { x: Tensor.of('float32', [2, 3, 4, 4], numbers.slice()) };
    assertSame(await outputsOf(runtime, lowered, feeds), await outputsOf(runtime, model, feeds), 3e-7);
  });
}

for (const [type, scales, zeros] of [
  ['int8', [0.25], undefined],
  ['uint8', [0.1], [7]],
  ['int8', [0.25, 0.5, 3], [0, 5, -8]],
  ['int16', [0.001], [0]],
] as const) {
  test(`quantization to ${type} by ${scales.length} scale(s) that is undone at once is written in floats, bit for bit`, async () => {
    const size = scales.length === 1 ? [] : [scales.length];
    const model = modelOf([2, 3, 4, 4], (build, x) => {
      const scale = build.constant(Tensor.of('float32', size, Float32Array.from(scales)));
      const zero = build.constant(Tensor.from(type, size, zeros ?? [0]));
      const quantized = build.op('QuantizeLinear', [x, scale, zero], { axis: 1 });
      build.output(build.op('DequantizeLinear', [quantized, scale, zero], { axis: 1 }), 'y');
      build.output(build.op('Cast', [quantized], { to: codeOf('float32') }), 'integers');
    });
    const lowered = lowerToWebGpu(model).model;
    assert.equal(lowered.graph.nodes.filter(({ op }) => op === 'QuantizeLinear').length, 0);
    const feeds = { x: Tensor.of('float32', [2, 3, 4, 4], numbers.slice()) };
    assertSame(await outputsOf(runtime, lowered, feeds), await outputsOf(runtime, model, feeds), 0);
  });
}

for (const [input, output] of [
  [0, 0],
  [1, 1],
  [1, 0],
]) {
  test(`a Scan that reads ${input ? 'backwards' : 'forwards'} and collects ${output ? 'backwards' : 'forwards'} is written out step by step`, async () => {
    const model = modelOf([2, 4, 3], (build, x) => {
      const body = new Graph('body');
      body.outer = build.graph;
      const inner = typedBuilder(body, new Map([['', 21]]), { prefix: 'inner' });
      const [sum, row] = [inner.input('sum', 'float32', [2, 3]), inner.input('row', 'float32', [2, 3])];
      const next = inner.output(inner.op('Add', [inner.op('Mul', [sum, inner.scalar(0.5)]), row]), 'next');
      inner.output(inner.op('Neg', [next]), 'seen');
      const zeros = build.constant(Tensor.of('float32', [2, 3], new Float32Array(6)));
      const attributes = { body, num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [1] };
      const directions = { scan_input_directions: [input], scan_output_directions: [output] };
      build.node('Scan', [zeros, x], { ...attributes, ...directions }, { outputs: 2 }).forEach((value, index) => {
        build.output(build.op('Identity', [value]), `out${index}`);
      });
    });
    const lowered = lowerToWebGpu(model).model;
    assert.equal(nodesOf(lowered.graph).filter(({ op }) => op === 'Scan').length, 0);
    const feeds = { x: image([2, 4, 3]) };
    assertSame(await outputsOf(runtime, lowered, feeds), await outputsOf(runtime, model, feeds), 0);
  });
}

/** Reads rows of a table, whether tokens are 3, and rows at computed places. */
function tokens(extra: (build: GraphBuilder, ids: Value) => void = () => undefined): Model {
  const graph = new Graph('tokens');
  const model = new Model(graph, 21);
  const build = typedBuilder(graph, model.opsets);
  const ids = build.input('ids', 'int64', [2, 3]);
  const table = build.parameter(
    'table',
    Tensor.of(
      'float32',
      [8, 2],
      Float32Array.from({ length: 16 }, (_, i) => i),
    ),
  );
  build.output(build.op('Gather', [table, ids]), 'rows');
  build.output(build.op('Cast', [build.op('Equal', [ids, build.scalar(3, 'int64')])], { to: codeOf('float32') }), 'marks');
  const places = build.op('Add', [
    build.op('Mul', [build.op('Reshape', [ids, build.ints([6, 1])]), build.scalar(2, 'int64')]),
    build.ints([0, 1]),
  ]);
  build.output(build.op('Gather', [build.op('Reshape', [table, build.ints([16])]), places]), 'numbers');
  extra(build, ids);
  return model;
}

test('whole numbers of 64 bits that are only indices and compared become those of 32, unless they are kept', async () => {
  const model = tokens();
  const { model: lowered, narrowed } = lowerToWebGpu(model);
  assert.deepEqual(narrowed, ['ids']);
  const given = BigInt64Array.of(0n, 3n, 7n, 3n, 1n, 2n);
  const expected = await outputsOf(runtime, model, { ids: Tensor.of('int64', [2, 3], given) });
  assertSame(await outputsOf(runtime, lowered, { ids: Tensor.of('int32', [2, 3], Int32Array.from(given, Number)) }), expected, 0);
  assert.deepEqual(lowerToWebGpu(model, { fixed: ['ids'] }).narrowed, []);
});

test('whole numbers of 64 bits stay where they are handed out, compared after arithmetic, or with what 32 bits do not hold', () => {
  for (const extra of [
    (build: GraphBuilder, ids: Value) => build.output(build.op('Reshape', [ids, build.ints([6])]), 'out'),
    (build: GraphBuilder, ids: Value) =>
      build.output(build.op('Less', [build.op('Mul', [ids, build.scalar(9, 'int64')]), build.scalar(4, 'int64')]), 'out'),
    (build: GraphBuilder, ids: Value) => build.output(build.op('Less', [ids, build.scalar(2 ** 40, 'int64')]), 'out'),
  ]) {
    const { model, narrowed } = lowerToWebGpu(tokens(extra));
    assert.deepEqual(narrowed, []);
    assert.equal(model.graph.inputs[0].dtype, 'int64');
  }
});

test('a pool whose indices are wanted is left to the processor by its name', () => {
  const overlapping = modelOf([1, 1, 6, 9], (build, x) => {
    const [, indices] = build.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [1, 1] }, { outputs: 2, name: 'pool' });
    build.output(indices, 'indices');
  });
  overlapping.graph.nodes[0].name = '';
  const { model, onCpu } = lowerToWebGpu(overlapping);
  assert.equal(onCpu.length, 1);
  assert.ok(onCpu[0].length > 0, 'one without a name is given one');
  assert.equal(model.graph.nodes[0].name, onCpu[0]);
});

for (const opset of [21, 9]) {
  test(`convolutions that WebGPU would compute wrongly are filled up with zeros, in opset ${opset}`, async () => {
    let filled = 0;
    for (const { model, x } of convolutions(opset)) {
      const lowered = lowerToWebGpu(model).model;
      filled += lowered.graph.nodes.some(({ op }) => op === 'Pad') ? 1 : 0;
      // A sum of other lengths may be added up in another order.
      assertSame(await outputsOf(runtime, lowered, { x: x() }), await outputsOf(runtime, model, { x: x() }), 1e-6);
    }
    assert.equal(filled, 6);
  });
}

test('WebGPU computes them as the processor does, from a model and from its bytes', { skip: skipWithoutSwiftShader }, async () => {
  const said = await runWithSwiftShader(`
    import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
    import { encodeModel } from 'espalier/onnx';
    import { convolutions } from './build/tests/infrastructure/compiler/convolutions.js';
    const runtime = createNodeRuntime({ threads: 1 });
    const differences = [];
    for (const { model, x } of convolutions(21)) {
      const outputs = [];
      for (const [source, backend] of [[model, 'cpu'], [model, 'webgpu'], [encodeModel(model), 'webgpu']]) {
        const program = await runtime.compile(source, { backend });
        outputs.push((await program.run({ x: x() })).y.numbers());
        await program.dispose();
      }
      const scale = Math.max(...outputs[0].map(Math.abs));
      for (const other of outputs.slice(1)) differences.push(Math.max(...other.map((value, i) => Math.abs(value - outputs[0][i]))) / scale);
    }
    await runtime.dispose();
    console.log(JSON.stringify(differences));`);
  const differences = JSON.parse(said) as number[];
  assert.equal(differences.length, 2 * convolutions(21).length);
  // Sums of up to 135 products in float32; what is computed wrongly is off by as much as the output's magnitude.
  assert.ok(Math.max(...differences) < 1e-5, said);
});

test('WebGPU is fed whole numbers of 64 bits as the model has them, and says which it cannot hold', {
  skip: skipWithoutSwiftShader,
}, async () => {
  const said = await runWithSwiftShader(`
    import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
    import { Graph, Model, Tensor } from 'espalier/onnx';
    import { typedBuilder } from 'espalier/ops';
    const runtime = createNodeRuntime({ threads: 1 });
    const graph = new Graph('rows');
    const model = new Model(graph, 21);
    const build = typedBuilder(graph, model.opsets);
    const table = build.parameter('table', Tensor.of('float32', [4], Float32Array.of(5, 6, 7, 8)));
    build.output(build.op('Gather', [table, build.input('ids', 'int64', [2])]), 'rows');
    const program = await runtime.compile(model, { backend: 'webgpu' });
    const run = (...ids) => program.run({ ids: Tensor.of('int64', [2], BigInt64Array.from(ids)) });
    const { rows } = await run(3n, 1n);
    const refused = await run(1n, 2n ** 40n).then(() => 'nothing', (error) => error.message);
    await runtime.dispose();
    console.log(JSON.stringify({ rows: [...rows.numbers()], refused }));`);
  const { rows, refused } = JSON.parse(said);
  assert.deepEqual(rows, [8, 6]);
  assert.match(refused, /input "ids".*32 bits.*1099511627776/);
});
