// Weights inside the branches of If become sparse, too, where nothing is trained.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { sparsify } from 'espalier/compression/pruning';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, decodeModel, encodeModel, Graph, graphsOf, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { applyTechnique } from 'espalier/technique';
import { normalTensors } from '../../support/tensors.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Two branches, each with a weight called "w". */
function branched(weights: readonly [Tensor, Tensor]): Model {
  const model = new Model(new Graph('branched'), 17);
  model.opsets.set('', 13);
  const build = typedBuilder(model.graph, model.opsets);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 20]);
  const choice = build.input('choice', 'bool', []);
  const branch = (name: string, weight: Tensor) => {
    const inner = build.within(name);
    inner.output(inner.op('MatMul', [x, inner.op('Constant', [], { value: weight })]), `${name}_y`);
    return { type: 'graph', value: inner.graph } as const;
  };
  build.output(build.op('If', [choice], { then_branch: branch('then', weights[0]), else_branch: branch('else', weights[1]) }), 'y');
  return model;
}

test('the smallest weights of both branches are zero, and each branch computes with its own', async () => {
  const normal = normalTensors(new Random('branches'));
  const weights = [normal(20, 8), normal(20, 8)] as const;
  const { model } = await applyTechnique(sparsify, { model: branched(weights), runtime, seed: 1 }, { sparsity: 0.5, tuning: 'none' });
  checkLinks(model.graph);
  const names = graphsOf(model.graph).flatMap(({ initializers }) => [...initializers].map(({ name }) => name));
  assert.equal(new Set(names).size, names.length, 'every weight has a name of its own');
  const program = await runtime.compile(decodeModel(encodeModel(model)), { threads: 1 });
  const eye = () =>
    Tensor.from(
      'float32',
      [20, 20],
      Array.from({ length: 400 }, (_, i) => (i % 21 === 0 ? 1 : 0)),
    );
  for (const [index, weight] of weights.entries()) {
    // What comes out for the rows of the identity is the weight itself.
    const { y } = await program.run({ x: eye(), choice: Tensor.from('bool', [], [1 - index]) });
    const [before, now] = [weight.numbers(), y.numbers()];
    const zeros = now.filter((number) => number === 0).length;
    assert.ok(zeros > 40 && zeros < 120, `${zeros} zeros`);
    for (const [i, number] of now.entries())
      assert.ok(number === 0 || Math.abs(number - before[i]) < 1e-6, `${i}: ${number}, not ${before[i]}`);
  }
  await program.dispose();
});
