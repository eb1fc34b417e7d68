// One bad layer among those that would stay in integers to the last, in a model of which only a few layers are measured at first.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { quantize } from 'espalier/compression/quantization';
import { arrayDataset, type Dataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, SymbolicDim, Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { evaluate, fidelity, type Task } from 'espalier/training';
import { madeModel, taskOf } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const WIDTH = 16;

/**
 * Features of small images, made 33 MB large on the way so that a run is costly, through twelve layers; and one layer of numbers near 100, which takes their
 * differences: 8 bits of its input are half a unit, all that differs is a tenth.
 */
function model() {
  return madeModel([WIDTH, 8, 8], (build, x, weights) => {
    const large = build.op('Resize', [x, undefined, build.constant(Tensor.from('float32', [4], [1, 1, 64, 128]))], { mode: 'nearest' });
    let value = build.op('Flatten', [build.op('GlobalAveragePool', [large])]);
    for (let layer = 0; layer < 12; layer++) value = build.op('Tanh', [build.op('MatMul', [value, weights([WIDTH, WIDTH], 0.4)])]);
    const near = build.input('near', 'float32', [SymbolicDim.named('N'), WIDTH]);
    const signs = Float32Array.from({ length: WIDTH * WIDTH }, (_, i) => ((Math.floor(i / WIDTH) + (i % WIDTH)) % 2 === 0 ? 1 : -1));
    const differences = build.node(
      'MatMul',
      [near, build.parameter('signs', Tensor.of('float32', [WIDTH, WIDTH], signs))],
      {},
      { name: 'differences' },
    );
    return [value, Array.isArray(differences) ? differences[0] : differences];
  });
}

function part(count: number, seed: number): Dataset {
  const random = new Random(seed);
  const data = (size: number, middle: number, spread: number) =>
    Float32Array.from({ length: count * size }, () => middle + spread * random.normal());
  const inputs = {
    x: { type: 'float32' as const, shape: [count, WIDTH, 8, 8], data: data(WIDTH * 64, 0, 4) },
    near: { type: 'float32' as const, shape: [count, WIDTH], data: data(WIDTH, 100, 0.1) },
  };
  return arrayDataset({ name: 'features', inputs });
}

test('a bad layer among the last in integers is found, and goes back to float', async () => {
  const original = model();
  const task: Task = {
    ...fidelity({ reference: original, outputs: ['y0', 'y1'] }),
    name: 'made',
    feeds: ['x', 'near'].map((name) => ({ input: name, from: name, preprocess: { layout: 'as-is' } })),
    splits: { train: part(12, 1), calibration: part(12, 2), validation: part(12, 3), test: part(12, 4) },
  };
  const options = checkOptions(quantize, { equalize: 'never', smooth: 'never', correctBias: 'never', sensitivity: false });
  const { model: small, notes } = await quantize.apply({ model: original, task, runtime, seed: 0, threads: 1 }, options);
  const { details } = await evaluate(small, task, runtime, { split: 'test' });
  assert.ok(details.outputSqnr > 20, `${details.outputSqnr} dB; ${notes.remarks?.join(' ')}`);
  const { quantizedLayers = 0 } = notes.facts ?? {};
  assert.ok(Number(quantizedLayers) >= 3, `${quantizedLayers} layers in integers`);
});

test('a layer that holds nearly all weights computes in float with weights of integers, where that is what keeps the loss', async () => {
  const shape = [64];
  const original = madeModel(shape, (build, x, weights) => {
    const near = build.op('Add', [build.op('Mul', [x, build.scalar(0.1)]), build.scalar(100)]);
    const signs = Float32Array.from({ length: 64 * 512 }, (_, i) => ((Math.floor(i / 512) * (1 + (i % 31))) % 2 === i % 2 ? 1 : -1));
    const balanced = signs.map((sign, i) => (Math.floor(i / 512) < 32 ? sign : -signs[i - 32 * 512]));
    const differences = build.op('MatMul', [near, build.parameter('signs', Tensor.of('float32', [64, 512], balanced))]);
    return build.op('Gemm', [build.op('Tanh', [differences]), weights([512, 8], 0.1)]);
  });
  const task = taskOf(original, shape);
  const options = checkOptions(quantize, { equalize: 'never', smooth: 'never', correctBias: 'never', sensitivity: false, tolerance: 0.02 });
  const { model: made, notes } = await quantize.apply({ model: original, task, runtime, seed: 0, threads: 1 }, options);
  const said = notes.remarks?.join('\n') ?? '';
  assert.match(said, /^1 of 2 layers compute in float, because all quantized would lose .*: matmul\.$/m);
  assert.doesNotMatch(said, /No choice of layers/);
  assert.ok(Number(notes.facts?.loss) <= 0.02, String(notes.facts?.loss));
  assert.ok(encodeModel(made).length < 0.4 * encodeModel(original).length);
});
