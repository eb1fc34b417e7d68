// Which layers get fewer bits than 8, and what is said of those that do not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type QuantizeOptions, quantize } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type Model, Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { madeModel, noiseOf, taskOf } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

test('one-dimensional convolutions get as few bits as others', async () => {
  const model = madeModel([16, 40], (build, x, weights) => build.op('Conv', [x, weights([32, 16, 5], 0.1)], { pads: [2, 2] }));
  const task = taskOf(model, [16, 40]);
  for (const method of ['gptq', 'adaround', 'hqq'] as const) {
    const { model: made, notes } = await quantize.apply(
      { model, task, runtime, seed: 0 },
      checkOptions(quantize, { mode: 'weights', weightType: 'int4', method, steps: 5, tolerance: 1 }) as QuantizeOptions,
    );
    assert.deepEqual([notes.facts?.layersOf4Bits, notes.facts?.layersOf8Bits], [1, undefined], method);
    const noise = await noiseOf(made, task, runtime, 'test');
    assert.ok(noise < 0.02, `${method}: 1 - R² is ${noise}`);
  }
});

test('every layer that keeps more bits is counted, with the reason', async () => {
  const small = madeModel([16], (build, x, weights) => build.op('Gemm', [x, weights([16, 4])]));
  const said = async (model: Model, weightType: 'int4' | 'int2') => {
    const options = checkOptions(quantize, { mode: 'weights', weightType }) as QuantizeOptions;
    const { notes } = await quantize.apply({ model, runtime, seed: 0 }, options);
    return { remarks: notes.remarks?.join('\n') ?? '', facts: notes.facts };
  };
  const only = await said(small, 'int4');
  assert.match(only.remarks, /^1 of 1 layers keep more than 4 bits, because with fewer the file would not be smaller; 8 bits: gemm\.$/m);
  assert.equal(only.facts?.layersOf8Bits, 1);
  // Outliers take the few numbers that there are.
  const rough = Array.from({ length: 4096 }, (_, i) => ((i >> 6) % 8 ? 1 : 3) * ((i >> 6) % 3 ? 1 : -1));
  const mixed = await said(
    madeModel([64], (build, x, weights) => {
      const a = build.op('Gemm', [x, weights([64, 64])]);
      const b = build.op('Gemm', [a, build.parameter('rough', Tensor.from('float32', [64, 64], rough))]);
      const c = build.op('ReduceSum', [build.op('Reshape', [b, build.ints([-1, 16, 4])]), build.ints([2])], { keepdims: 0 });
      return build.op('Gemm', [c, weights([16, 4])]);
    }),
    'int2',
  );
  assert.match(
    mixed.remarks,
    /^2 of 3 layers keep more than 2 bits, 1 because they lose too much of themselves; 4 bits: gemm_\d+; 1 because with fewer the file would not be smaller; 8 bits: gemm_\d+\.$/m,
  );
  assert.deepEqual([mixed.facts?.layersOf2Bits, mixed.facts?.layersOf4Bits, mixed.facts?.layersOf8Bits], [1, 1, 1]);
});
