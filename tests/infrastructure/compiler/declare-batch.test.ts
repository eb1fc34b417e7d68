import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { declareBatch, fixedBatch, freeBatch } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** Channels shuffled by a Reshape to constant sizes; the input says that it takes any number of samples. */
function shuffle(target: readonly number[]): Model {
  const model = new Model(new Graph('shuffle'), 17);
  model.irVersion = 8;
  const build = typedBuilder(model.graph, model.opsets);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 6, 2]);
  const apart = build.op('Transpose', [build.op('Reshape', [x, build.ints(target)])], { perm: [0, 2, 1, 3] });
  const y = build.output(build.op('Reshape', [apart, build.ints([target[0], 6, 2])]), 'y');
  y.type = { kind: 'tensor', dtype: 'float32', shape: [SymbolicDim.named('N'), 6, 2] };
  return model;
}

test('a Reshape that holds for one sample makes the batch one, and it can be freed', async () => {
  const source = shuffle([1, 2, 3, 2]);
  const before = encodeModel(source);
  assert.equal(fixedBatch(source), undefined);
  const declared = declareBatch(source);
  assert.equal(fixedBatch(declared), 1);
  assert.deepEqual(declared.graph.outputs[0].shape, [1, 6, 2]);
  assert.deepEqual(encodeModel(source), before, 'the source was changed');
  const freed = await freeBatch(declared, runtime);
  const program = await runtime.compile(freed, { threads: 1 });
  const { y } = await program.run({
    x: Tensor.from(
      'float32',
      [2, 6, 2],
      Array.from({ length: 24 }, (_, i) => i),
    ),
  });
  await program.dispose();
  assert.deepEqual([...y.numbers()].slice(12), [12, 13, 18, 19, 14, 15, 20, 21, 16, 17, 22, 23]);
});

test('a model that takes any number stays as it is, and one that contradicts itself, too', () => {
  for (const source of [shuffle([-1, 2, 3, 2]), shuffle([0, 2, 3, 2]), shuffle([2, 2, 3, 2])]) assert.equal(declareBatch(source), source);
});
