import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { lowerToWebGpu } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, type GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
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

test('a pool whose indices are wanted, or whose windows overlap, is left to the processor by its name', () => {
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
  test(`convolutions that WebGPU would compute wrongly read channels filled up with zeros, in opset ${opset}`, async () => {
    let filled = 0;
    for (const { model, x } of convolutions(opset)) {
      const lowered = lowerToWebGpu(model).model;
      filled += lowered.graph.nodes.filter(({ op }) => op === 'Pad').length / 2;
      // A sum of other lengths may be added up in another order.
      assertSame(await outputsOf(runtime, lowered, { x: x() }), await outputsOf(runtime, model, { x: x() }), 1e-6);
    }
    assert.equal(filled, 4);
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
