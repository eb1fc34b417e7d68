import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeTflite, encodeTflite } from 'espalier/formats';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type DataType, Tensor } from 'espalier/onnx';
import { answersOf, apart } from './cases.js';
import { type Build, graph } from './written-cases.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** A graph that is written and read back gives what it gave. */
async function staysTheSame(shape: readonly number[], build: Build): Promise<void> {
  const { model, inputs } = graph('case', shape, build);
  const [wanted] = await answersOf(runtime, model, inputs);
  const [got] = await answersOf(runtime, decodeTflite(encodeTflite(model)), inputs);
  const { most } = apart(got, wanted as Tensor);
  assert.ok(most <= 1e-5, `${most}`);
}

/** A matrix in integers that int8 cannot hold. */
const wide = (dtype: DataType) => Tensor.from(dtype, [4, 3], [1, 20, 300, 4000, 5, 60, 700, 8000, 9, 10, 110, 1200]);

for (const dtype of ['int16', 'uint16'] as const)
  test(`a weight in ${dtype} beside floats keeps its numbers`, () =>
    staysTheSame([2, 4], (b, x) => {
      const weight = b.op('DequantizeLinear', [b.parameter('weight', wide(dtype)), b.scalar(0.01), b.constant(Tensor.scalar(dtype, 0))]);
      return b.op('Gemm', [x, weight]);
    }));

test('a weight in int16 beside integers is refused: kernels take int8', () => {
  const { model } = graph('case', [2, 4], (b, x) => {
    const [scale, zero] = [b.scalar(0.01), b.scalar(0, 'int8')];
    const rounded = (value: typeof x) => b.op('DequantizeLinear', [b.op('QuantizeLinear', [value, scale, zero]), scale, zero]);
    const weight = b.op('DequantizeLinear', [b.parameter('weight', wide('int16')), scale, b.scalar(0, 'int16')]);
    return rounded(b.op('Gemm', [rounded(x), weight]));
  });
  assert.throws(() => encodeTflite(model), /Gemm ".*": .*its weight is in int16/);
});
