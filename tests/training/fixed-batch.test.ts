import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { GraphBuilder, Model, Value } from 'espalier/onnx';
import { whyUntrainable } from 'espalier/strategies';
import { buildTrainingStep, followReference, type Task, train } from 'espalier/training';
import { madeModel, taskOf, type Weights } from '../compression/quantization/models.js';
import { weightsOf } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

function network(build: GraphBuilder, x: Value, weights: Weights): Value {
  const hidden = build.op('Tanh', [build.op('MatMul', [x, weights([6, 8])])]);
  return build.op('MatMul', [hidden, weights([8, 3])]);
}

/** The same network for any number of samples, and for one. */
function twins(): { free: Model; fixed: Model; task: Task } {
  const [free, fixed] = [madeModel([6], network), madeModel([6], network)];
  for (const value of [...fixed.graph.values(), ...fixed.graph.outputs])
    if (value.type?.kind === 'tensor' && value.type.shape && !value.initializer)
      value.type = { ...value.type, shape: [1, ...value.type.shape.slice(1)] };
  return { free, fixed, task: { ...taskOf(free, [6]), loss: () => squares } };
}

/** The mean of squares of the answers: the same over single samples as over batches. */
const squares = ({ build, value }: Parameters<ReturnType<Task['loss']>>[0]) =>
  build.op('ReduceMean', [build.op('Mul', [value('y0'), value('y0')])], { keepdims: 0 });

test('a model for one sample at a time learns what its twin for any number does', async () => {
  const { free, fixed, task } = twins();
  assert.equal(await whyUntrainable(fixed, task, runtime), undefined);
  const options = { epochs: 2, batchSize: 16, optimizer: { kind: 'sgd' }, learningRate: 0.05, evaluateEvery: 0 } as const;
  const wanted = weightsOf((await train({ model: free, task, runtime, options })).model);
  const got = weightsOf((await train({ model: fixed, task, runtime, options })).model);
  const before = weightsOf(free);
  for (const [name, tensor] of wanted) {
    const [a, b, start] = [tensor.toFloat32(), got.get(name)?.toFloat32() as Float32Array, before.get(name)?.toFloat32() as Float32Array];
    const moved = a.reduce((sum, x, i) => sum + (x - start[i]) ** 2, 0);
    const apart = a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0);
    assert.ok(moved > 0 && apart < 1e-8 * moved, `${name} moved by ${moved}, the two are ${apart} apart`);
  }
});

test('weights that no gradient reaches are named, and said where they are many', async () => {
  const model = madeModel([6], (build, x, weights) => {
    const gate = build.op('Floor', [build.op('MatMul', [x, weights([6, 6])])]);
    return build.op('MatMul', [build.op('Add', [x, gate]), weights([6, 3])]);
  });
  const task = taskOf(model, [6]);
  const step = buildTrainingStep(model, {
    batchSize: 4,
    inputShapes: { x: [4, 6] },
    loss: followReference(['y0'], model),
    optimizer: { kind: 'sgd' },
  });
  assert.deepEqual(step.parameters.length, 1);
  assert.equal(step.untrained.length, 1);
  assert.match(step.untrained[0].reason, /^Floor .* passes no gradient on$/);
  assert.ok(Math.abs(step.untrainedShare - 36 / 54) < 1e-9);
  const said: string[] = [];
  await train({ model, task, runtime, options: { epochs: 1, evaluateEvery: 0 }, onMessage: ({ text }) => said.push(text) });
  assert.ok(
    said.some((text) => /Only 1 of 2 weights are trained.*Floor/.test(text)),
    said.join('\n'),
  );
});
