import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findDefects } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel, encodeModel, Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** A model of one operator that imports what is given. */
function written(op: string, domain: string, imports: Record<string, number>): Uint8Array {
  const model = new Model(new Graph('one'));
  for (const [name, version] of Object.entries(imports)) model.opsets.set(name, version);
  model.irVersion = 8;
  const build = new GraphBuilder(model.graph);
  build.output(build.op(op, [build.input('x', 'float32', [2, 3])], {}, domain), 'y');
  model.graph.outputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [2, 3] };
  return encodeModel(model);
}

const cases: [op: string, domain: string, imports: Record<string, number>, version: number][] = [
  ['Gelu', 'com.microsoft', { '': 17 }, 1],
  ['Binarizer', 'ai.onnx.ml', { '': 17 }, 5],
  ['Relu', '', { 'com.microsoft': 1 }, 23],
];

for (const [op, domain, imports, version] of cases) {
  test(`${domain || 'ai.onnx'} is used and not imported: as ONNX Runtime takes it`, async () => {
    const bytes = written(op, domain, imports);
    const model = decodeModel(bytes);
    assert.equal(model.opsets.get(domain), version);
    assert.deepEqual(
      findDefects(model).filter(({ severity }) => severity === 'error'),
      [],
    );
    const program = await runtime.compile(decodeModel(encodeModel(model)), { threads: 1 });
    const { y } = await program.run({ x: Tensor.from('float32', [2, 3], [1, -1, 2, -2, 3, -3]) });
    assert.equal(y.size, 6);
    await program.dispose();
  });
}

test('a domain that no runtime knows, and a model that imports nothing, are still called out', () => {
  for (const bytes of [written('Frobnicate', 'example.com', { '': 17 }), written('Relu', '', {})])
    assert.ok(findDefects(decodeModel(bytes)).some(({ kind, severity }) => kind === 'opset' && severity === 'error'));
});
