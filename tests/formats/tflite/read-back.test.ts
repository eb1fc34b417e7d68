import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeTflite, encodeTflite } from 'espalier/formats';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type DataType, Tensor } from 'espalier/onnx';
import { answersOf, apart } from './cases.js';
import { type Build, graph, numbers } from './written-cases.js';

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

/** Twice as large, by windows of 3 by 3. */
const twice = (attributes: Readonly<Record<string, string | readonly number[]>>) => (b: Parameters<Build>[0], x: Parameters<Build>[1]) =>
  b.op('ConvTranspose', [x, b.parameter('weight', numbers([3, 4, 3, 3]))], { strides: [2, 2], ...attributes });

test('the rule for the border of a transposed convolution is kept', () => staysTheSame([1, 3, 5, 5], twice({ auto_pad: 'SAME_UPPER' })));

test('a transposed convolution that cuts off otherwise is refused', () => {
  for (const build of [twice({ auto_pad: 'SAME_LOWER' }), twice({ output_shape: [10, 10] })])
    assert.throws(
      () => encodeTflite(graph('case', [1, 3, 5, 5], build).model),
      /ConvTranspose ".*": .*its pads are neither none nor those of SAME/,
    );
});
