import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, Graph, GraphBuilder, Model, replay, Tensor } from 'espalier/onnx';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

test('a value is computed again from another one; what does not depend on that is shared', async () => {
  const graph = new Graph('test');
  const build = new GraphBuilder(graph);
  const [a, b, other, flag] = ['a', 'b', 'other', 'flag'].map((name) => build.input(name, name === 'flag' ? 'bool' : 'float32', []));
  const shared = build.op('Mul', [b, build.scalar(10)]);
  const sum = build.op('Add', [a, shared]);
  // The branches of an If read it from outside.
  const branch = (op: string) => {
    const within = build.within(op);
    within.output(within.op(op, [sum]));
    return within.graph;
  };
  const chosen = build.op('If', [flag], { then_branch: branch('Neg'), else_branch: branch('Identity') });
  const wanted = build.op('Mul', [chosen, build.scalar(2)]);
  const before = graph.nodes.length;

  const again = replay(graph, [wanted, shared], new Map([[a, other]]));
  assert.equal(again.get(shared), shared);
  assert.equal(graph.nodes.length - before, 3, 'Add, If and Mul');
  build.output(wanted, 'first');
  build.output(again.get(wanted) as typeof wanted, 'second');
  checkLinks(graph);

  const program = await runtime.compile(new Model(graph, 21));
  for (const [truth, sign] of [
    [1, -1],
    [0, 1],
  ]) {
    const number = (value: number) => Tensor.scalar('float32', value);
    const { first, second } = await program.run({ a: number(1), b: number(2), other: number(5), flag: Tensor.scalar('bool', truth) });
    assert.deepEqual([first.numbers()[0], second.numbers()[0]], [sign * 42, sign * 50]);
  }
  await program.dispose();
});
