import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeTflite, withRealEdges } from 'espalier/formats';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, Tensor } from 'espalier/onnx';
import { readCases } from './cases.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

for (const form of ['int8', 'uint8']) {
  test(`a model in ${form} takes and gives the numbers that its integers stand for, and answers the same`, async () => {
    const {
      model: bytes,
      inputs,
      outputs,
    } = readCases().find(({ name }) => name === `residual ${form}`) as ReturnType<typeof readCases>[0];
    const model = decodeTflite(bytes);
    const real = withRealEdges(model);
    checkLinks(real.graph);
    const edges = ({ graph }: typeof model) => [...graph.inputs, ...graph.outputs];
    assert.deepEqual(
      edges(real).map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`),
      edges(model).map(({ name, shape }) => `${name} float32 ${shape}`),
    );
    const parameters = (op: string) => {
      const node = real.graph.nodes.find(
        (each) => each.op === op && edges(real).some((edge) => [...each.inputs, ...each.outputs].includes(edge)),
      );
      return [1, 2].map((index) => node?.inputs[index]?.constant?.numbers()[0] as number);
    };
    const [[inScale, inZero], [outScale, outZero]] = [parameters('QuantizeLinear'), parameters('DequantizeLinear')];
    const program = await runtime.compile(real, { threads: 1 });
    const numbers = [...inputs[0].numbers()].map((each) => (each - inZero) * inScale);
    const answers = await program.run({ [real.graph.inputs[0].name]: Tensor.from('float32', inputs[0].shape, numbers) });
    await program.dispose();
    const wanted = outputs[0].numbers();
    answers[real.graph.outputs[0].name].numbers().forEach((each, i) => {
      assert.ok(Math.abs(each / outScale + outZero - wanted[i]) <= 1 + 1e-4, `${each}`);
    });
  });
}

test('a model in floats stays as it is', () => {
  const model = decodeTflite(readCases().find(({ name }) => name === 'residual float')?.model as Uint8Array);
  assert.equal(withRealEdges(model), model);
});
