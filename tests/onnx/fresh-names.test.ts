// Names that a pass would choose are there already: whatever is made must load, as runtimes want each name of a node and of a value only once.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { minifyModel } from 'espalier/compression/packaging';
import { quantizeDynamic, quantizeWeights } from 'espalier/compression/quantization';
import { simplify } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, Graph, Model, Node, SymbolicDim, Tensor, Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Two dense layers and a convolution, whose nodes and inner values have no names of their own. */
function net(): Model {
  const model = new Model(new Graph('net'), 17);
  const build = typedBuilder(model.graph, model.opsets);
  const weight = (shape: number[]) =>
    Tensor.of(
      'float32',
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + shape.length)),
    );
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 2, 8, 8]);
  const conv = build.op('Relu', [build.op('Conv', [x, build.parameter('k', weight([4, 2, 3, 3]))], { pads: [1, 1, 1, 1] })]);
  const flat = build.op('Flatten', [conv]);
  const hidden = build.op('Relu', [build.op('MatMul', [flat, build.parameter('w', weight([256, 64]))])]);
  build.output(build.op('MatMul', [hidden, build.parameter('v', weight([64, 16]))]), 'y');
  return model;
}

function namesOf(model: Model): { nodes: string[]; values: string[] } {
  return { nodes: model.graph.nodes.map(({ name }) => name), values: [...model.graph.values(true)].map(({ name }) => name) };
}

const ways: [string, (model: Model) => Promise<Model>][] = [
  ['dynamic', async (model) => (await quantizeDynamic(model, runtime)).model],
  ['weights', async (model) => (await quantizeWeights(model, runtime)).model],
  ['simplify', (model) => simplify(model, runtime)],
  ['minify', async (model) => minifyModel(model)],
];

for (const [name, make] of ways)
  test(`${name}: loads where every name that it makes up is a node's already`, async () => {
    const first = await make(net());
    const known = new Set(Object.values(namesOf(net())).flat());
    const chosen = [...new Set(Object.values(namesOf(first)).flat())].filter((each) => each !== '' && !known.has(each));
    if (/dynamic|weights/.test(name)) assert.ok(chosen.length > 3, chosen.join());
    const taken = copyModel(net());
    // One node for each name that was made up, on a second output.
    let last = taken.graph.outputs[0];
    for (const each of chosen) {
      const node = taken.graph.add(new Node('Neg', '', each));
      node.setInput(0, last);
      last = new Value(`through ${each}`, last.type);
      node.setOutput(0, last);
    }
    if (last !== taken.graph.outputs[0]) taken.graph.outputs.push(last);
    const made = await make(taken);
    const { nodes, values } = namesOf(made);
    const named = nodes.filter((each) => each !== '');
    assert.equal(new Set(named).size, named.length, 'names of nodes are unique');
    assert.equal(new Set(values).size, values.length, 'names of values are unique');
    const program = await runtime.compile(made);
    const outputs = await program.run({ x: Tensor.of('float32', [1, 2, 8, 8], new Float32Array(128).fill(0.5)) });
    assert.deepEqual(outputs.y.shape, [1, 16]);
  });

test('a fresh name knows nodes and constants that were added since the first was asked for, in subgraphs too', () => {
  const { graph } = net();
  graph.freshName('first');
  graph.add(new Node('Relu', '', 'late'));
  graph.addInitializer('constant late', Tensor.scalar('float32', 1));
  const inner = new Graph('branch');
  inner.add(new Node('Relu', '', 'inside'));
  const holder = new Node('If', '', 'holder');
  holder.attributes.set('then_branch', { type: 'graph', value: inner });
  graph.add(holder);
  for (const name of ['late', 'constant late', 'holder', 'inside']) assert.notEqual(graph.freshName(name), name);
  inner.add(new Node('Relu', '', 'later inside'));
  assert.notEqual(graph.freshName('later inside'), 'later inside');
});
