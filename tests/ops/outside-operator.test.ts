import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OptionError, Random, UnsupportedError } from 'espalier/base';
import { pruneModel } from 'espalier/compression/pruning';
import { quantizeWeights } from 'espalier/compression/quantization';
import { findDefects } from 'espalier/infrastructure/compiler';
import { footprint, makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { floatAttribute, Graph, GraphBuilder, Model, nodesOf, Tensor } from 'espalier/onnx';
import { addOperator, layerOf, type OpRule, requireRule } from 'espalier/ops';
import { storedWeight } from '#dist/ops/plain/stored-weight.js';
import { normalTensors } from '../support/tensors.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** An operator of ONNX Runtime that Espalier has no rule for: alpha · A · B, with the transpositions that attributes ask for. */
const [DOMAIN, NAME] = ['com.microsoft', 'TransposeMatMul'];

/** Dense layers 16 → 32 → 32 → 4 with Relu between them, in that operator. */
function dense(): Model {
  const graph = new Graph('outside');
  const build = new GraphBuilder(graph);
  const normal = normalTensors(new Random(4));
  let value = build.input('x', 'float32', [8, 16]);
  for (const [index, [inputs, outputs]] of [
    [16, 32],
    [32, 32],
    [32, 4],
  ].entries()) {
    const weight = build.parameter(`w${index}`, normal(inputs, outputs));
    value = build.op(NAME, [value, weight], { alpha: floatAttribute(1) }, DOMAIN);
    if (outputs === 32) value = build.op('Relu', [value]);
  }
  build.output(value, 'y');
  const model = new Model(graph, 17);
  model.opsets.set(DOMAIN, 1);
  model.irVersion = 8;
  return model;
}

/** All that is known of it, as somebody else would write it. */
const rule: OpRule = {
  infer: (context) => {
    const [a, b] = [context.shape(0), context.shape(1)];
    return [{ type: { kind: 'tensor', dtype: context.dtype(0), ...(a && b && { shape: [...a.slice(0, -1), b[1]] }) } }];
  },
  macs: ({ input }) => input(0)[0] * input(0)[1] * input(1)[1],
  gradient: { refuses: 'nobody wrote it' },
  coupling: (context) => {
    context.tie({ value: context.input(0), axis: 0 }, { value: context.output(), axis: 0 });
    context.tie({ value: context.input(0), axis: 1 }, { value: context.input(1), axis: 0 });
    context.tie({ value: context.input(1), axis: 1 }, { value: context.output(), axis: 1 });
  },
  quantization: { kind: 'weighted', activations: [0], weight: 1, axis: () => 1 },
  upgrades: {},
  traits: { channels: 'last', layer: { kind: 'matrix', weight: 1, outputs: () => 1, inputs: () => 0 } },
};

const MACS = 8 * (16 * 32 + 32 * 32 + 32 * 4);

test('an operator from outside: inspection, pruning and quantization know nothing of it before, and all of it afterwards', async () => {
  const before = footprint(dense());
  assert.equal(before.macs, 0);
  assert.ok(before.gaps.length > 0);
  assert.ok(findDefects(dense()).some(({ severity }) => severity === 'warning'));
  await assert.rejects(pruneModel(dense(), { keep: 0.5 }), UnsupportedError);
  await assert.rejects(quantizeWeights(dense(), runtime), UnsupportedError);

  addOperator(DOMAIN, NAME, rule);
  assert.throws(() => addOperator(DOMAIN, NAME, rule), OptionError);

  const model = dense();
  const cost = footprint(model);
  assert.deepEqual([cost.macs, cost.gaps], [MACS, []]);
  assert.deepEqual(findDefects(model), []);
  assert.equal(layerOf(model.graph.nodes[0])?.inputs, 0);
  assert.equal(requireRule(model.graph.nodes[0]), rule);

  const pruned = await pruneModel(model, { keep: 0.5 });
  assert.ok(Math.abs(pruned.after / MACS - 0.5) < 0.05, String(pruned.after));
  const [hidden] = pruned.model.graph.nodes;
  assert.ok(Number(hidden.inputs[1]?.shape?.[1]) < 32);

  const { model: small } = await quantizeWeights(model, runtime);
  assert.equal(nodesOf(small.graph).filter(storedWeight).length, 3);
  const feeds = makeFeeds(model, { seed: 2 });
  const [expected, got, narrower] = await Promise.all([model, small, pruned.model].map((each) => answer(each, feeds)));
  const scale = Math.max(...expected.map(Math.abs));
  assert.ok(got.every((value, i) => Math.abs(value - expected[i]) < 0.02 * scale));
  assert.equal(narrower.length, expected.length);
});

async function answer(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<number[]> {
  const program = await runtime.compile(model);
  try {
    const copies = Object.entries(feeds).map(([name, tensor]) => [name, Tensor.from('float32', tensor.shape, [...tensor.numbers()])]);
    const { y } = await program.run(Object.fromEntries(copies));
    return [...y.numbers()];
  } finally {
    await program.dispose();
  }
}
