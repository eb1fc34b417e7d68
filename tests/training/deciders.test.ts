import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { withDeciders } from 'espalier/training';
import { madeModel } from '../compression/quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

test('what a class and a truth are decided by is handed out, and nothing of what only a shape is read of', async () => {
  const source = madeModel([6], (build, x, weights) => {
    const hidden = build.op('Relu', [build.op('Gemm', [x, weights([6, 8])])]);
    const scores = build.op('Gemm', [hidden, weights([8, 3])]);
    const label = build.op('Squeeze', [build.op('ArgMax', [scores], { axis: 1 }), build.ints([1])]);
    const odd = build.op('Greater', [build.op('ReduceMax', [scores], { axes: [1] }), build.scalar(0.5)]);
    return [label, odd, build.op('Shape', [hidden])];
  });
  const { model, outputs } = withDeciders(source);
  assert.equal(outputs.length, 2, outputs.join());
  const program = await runtime.compile(model);
  const x = Tensor.from(
    'float32',
    [5, 6],
    Array.from({ length: 30 }, (_, i) => Math.sin(3 * i)),
  );
  const answers = await program.run({ x }, ['y0', 'y1', ...outputs]);
  const [scores, most] = outputs.map((name) => answers[name].toFloat32());
  const rows = Array.from({ length: 5 }, (_, row) => [...scores.subarray(3 * row, 3 * row + 3)]);
  assert.deepEqual(
    [...answers.y0.numbers()],
    rows.map((row) => row.indexOf(Math.max(...row))),
  );
  assert.deepEqual(
    [...answers.y1.numbers()],
    [...most].map((value) => Number(value > 0.5)),
  );
  await program.dispose();
});
