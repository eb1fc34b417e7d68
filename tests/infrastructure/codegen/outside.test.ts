import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { addKernel, binary, lowerGraph, planMemory, prepare, unary } from 'espalier/codegen';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, type GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { addOperator, refuses, typedBuilder } from 'espalier/ops';
import { languages } from 'espalier/targets';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** y = relu(x · |x|), where the product is an operator of somebody else's. */
function model(): Model {
  const graph = new Graph('outside');
  const opsets = new Map([
    ['', 21],
    ['my.domain', 1],
  ]);
  const build: GraphBuilder = typedBuilder(graph, opsets);
  const x = build.input('x', 'float32', [4]);
  build.output(build.op('Relu', [build.op('SignedSquare', [x], {}, 'my.domain')]), 'y');
  const made = new Model(graph, 21);
  made.opsets.set('my.domain', 1);
  return made;
}

test('an operator and its kernel are added from outside, and fused with what follows', async () => {
  addOperator('my.domain', 'SignedSquare', {
    infer: (context) => [{ type: { kind: 'tensor', dtype: context.dtype(0), shape: context.shape(0) } }],
    macs: () => 0,
    gradient: refuses('nobody wrote it'),
    coupling: refuses('nobody wrote it'),
    quantization: { kind: 'float' },
    upgrades: {},
  });
  const bare = await prepare(model(), { runtime });
  assert.throws(() => lowerGraph(bare), /There is no kernel for my\.domain\.SignedSquare/);
  addKernel(
    'SignedSquare',
    {
      kind: 'elementwise',
      value:
        () =>
        ([x]) =>
          binary('mul', x, unary('abs', x)),
    },
    'my.domain',
  );
  const lowered = lowerGraph(await prepare(model(), { runtime }), languages.wasm.schedule);
  assert.equal(lowered.kernels.length, 1);
  const { files } = languages.wasm.write({ lowered, plan: planMemory(lowered.kernels) }, { name: 'outside', from: 'outside.onnx' });
  const [module, loader] = files;
  const { load } = await import(`data:text/javascript,${encodeURIComponent(String(loader.contents))}`);
  const { y } = (await load(module.contents)).run({ x: Tensor.from('float32', [4], [-3, -0.5, 0.5, 3]).data() });
  assert.deepEqual([...y], [0, 0, 0.25, 9]);
});
