import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, GraphBuilder, Tensor, type Value } from 'espalier/onnx';
import { evaluate, train } from 'espalier/training';
import { clusters, modelOf, normal, plainTask, weight } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** A branch that is a dense layer with weights of its own; its bias is called "bias" in every branch. */
function dense(name: string, x: Value): Graph {
  const graph = new Graph(name);
  const build = new GraphBuilder(graph, { prefix: name });
  const weights = [
    graph.addInitializer(`${name}.weight`, normal([6, 12], name, 0.5)),
    graph.addInitializer('bias', normal([12], name, 0.1)),
  ];
  build.output(build.op('Gemm', [x, ...weights]), `${name}_hidden`);
  return graph;
}

test('weights of the branch that is taken are trained, and written back where they are one of their name', async () => {
  const task = plainTask({ train: clusters({ size: 96 }), validation: clusters({ size: 48, seed: 2 }) });
  const model = modelOf([6], (build, x) => {
    const yes = build.constant(Tensor.from('bool', [], [1]));
    const hidden = build.op('If', [yes], { then_branch: dense('taken', x), else_branch: dense('other', x) });
    return build.op('Gemm', [build.op('Relu', [hidden]), weight(build, 'last.weight', [12, 3]), weight(build, 'last.bias', [3], 0.1)]);
  });
  const result = await train({ model, task, runtime, options: { epochs: 10, batchSize: 32, learningRate: 0.01 } });
  assert.deepEqual([...result.parameters].sort(), ['last.bias', 'last.weight', 'taken.weight']);
  const changed = [...model.graph.values(true)].flatMap((value, index) => {
    const now = [...result.model.graph.values(true)][index];
    return value.initializer !== now.initializer ? [now.name] : [];
  });
  assert.deepEqual(changed.sort(), ['last.bias', 'last.weight', 'taken.weight']);
  assert.equal((await evaluate(result.model, task, runtime)).value, result.history[9].quality);
  assert.ok(result.history[9].loss < result.history[0].loss / 2);
});
