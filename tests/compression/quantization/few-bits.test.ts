import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { quantizeBlocks, ROUNDINGS } from 'espalier/compression/quantization';
import { arrayDataset } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type Model, Tensor } from 'espalier/onnx';
import {
  type Blocked,
  dequantized,
  gridOf,
  nearestScale,
  type Rows,
  roundToGrid,
} from '#dist/compression/quantization/few-bits/block-grid.js';
import { gptq } from '#dist/compression/quantization/few-bits/gptq.js';
import { hqqScale } from '#dist/compression/quantization/few-bits/hqq.js';
import { blockSizeFor } from '#dist/compression/quantization/few-bits/write-blocks.js';
import { fixture } from '../../support/paths.js';
import { modelOf } from '../pruning/graphs.js';
import { noise, run } from '../pruning/removal.js';

const { rows, columns, blockSize, weight, inputs, results } = JSON.parse(readFileSync(fixture('few-bits', 'expected.json'), 'utf8'));
const matrix: Rows = { rows, columns, values: Float32Array.from(weight) };

let runtime: Runtime;
before(() => {
  runtime = createNodeRuntime();
});
after(() => runtime.dispose());

/** Sums of x · xᵀ over the fixture's inputs. */
function curvature(): Float64Array {
  const sum = new Float64Array(columns * columns);
  for (let start = 0; start < inputs.length; start += columns) {
    for (let i = 0; i < columns; i++) for (let j = 0; j < columns; j++) sum[i * columns + j] += inputs[start + i] * inputs[start + j];
  }
  return sum;
}

function outputError(blocked: Blocked): number {
  const change = dequantized(blocked, columns).map((value, i) => value - matrix.values[i]);
  let error = 0;
  for (let start = 0; start < inputs.length; start += columns) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += inputs[start + i] * change[row * columns + i];
      error += sum ** 2;
    }
  }
  return error;
}

for (const bits of [4, 2] as const) {
  const expected = results[bits];
  const byGrid = (scaleOf: typeof hqqScale) => roundToGrid(matrix, gridOf(matrix, bits, blockSize, scaleOf));

  for (const [name, scaleOf] of [
    ['nearest', nearestScale],
    ['hqq', hqqScale],
  ] as const) {
    test(`${bits} bits by ${name}: scales, zero points and integers of the reference in numpy`, () => {
      const { grid, integers } = byGrid(scaleOf);
      assert.deepEqual([...grid.zeros], expected[name].zeros);
      grid.scales.forEach((scale, i) => {
        assert.ok(Math.abs(scale - expected[name].scales[i]) < 1e-6 * scale);
      });
      assert.deepEqual([...integers], expected[name].integers);
    });
  }

  test(`${bits} bits by gptq: the reference's integers, but for ties, and its error, below that of the others`, () => {
    const blocked = gptq(matrix, curvature(), { bits, blockSize, scaleOf: hqqScale });
    assert.ok(blocked);
    const differing = blocked.integers.reduce((count, integer, i) => count + Number(integer !== expected.gptq.integers[i]), 0);
    assert.ok(differing <= 0.01 * blocked.integers.length, `${differing} differ`);
    const error = outputError(blocked);
    assert.ok(Math.abs(error / expected.gptq.error - 1) < 0.02, `${error}, not ${expected.gptq.error}`);
    assert.ok(error < outputError(byGrid(nearestScale)) && error < outputError(byGrid(hqqScale)));
  });
}

/** A weight as round to nearest in blocks of about 32 leaves it; `turned` where its last axis holds the outputs. */
function roundedTensor(tensor: Tensor, turned: boolean, reading: 'product' | 'unpacked', bits: 2 | 4): Tensor {
  const [values, outputs] = [tensor.toFloat32(), turned ? tensor.shape[1] : tensor.shape[0]];
  const width = values.length / outputs;
  const place = (i: number) => (turned ? (i % width) * outputs + Math.floor(i / width) : i);
  const weightRows = { rows: outputs, columns: width, values: values.map((_, i) => values[place(i)]) };
  const rounded = dequantized(
    roundToGrid(weightRows, gridOf(weightRows, bits, blockSizeFor(weightRows, reading, 32), nearestScale)),
    width,
  );
  const result = new Float32Array(values.length);
  rounded.forEach((value, i) => {
    result[place(i)] = value;
  });
  return Tensor.of('float32', tensor.shape, result);
}

/** Products with and without a bias, kernels, groups; widths that fill no block and no byte. */
function mixed(): Model {
  return modelOf([5, 9, 9], (l, x) => {
    const { build } = l;
    const features = l.relu(l.conv(l.relu(l.conv(l.relu(l.conv(x, 12)), 18, { group: 3 })), 7));
    const flat = build.op('Flatten', [features], { axis: 1 });
    const hidden = l.relu(build.op('Gemm', [flat, l.weight([90, 567]), l.weight([90])], { transB: 1 }));
    return build.op('MatMul', [build.op('Gemm', [hidden, l.weight([90, 70]), l.weight([70])]), l.weight([70, 11])]);
  });
}

function distance(a: Float64Array | Int32Array | ArrayLike<number>, b: ArrayLike<number>): number {
  let [error, energy] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += (a[i] - b[i]) ** 2;
    energy += b[i] ** 2;
  }
  return Math.sqrt(error / energy);
}

for (const bits of [4, 2] as const) {
  for (const rounding of ROUNDINGS) {
    test(`${bits} bits by ${rounding}: ONNX Runtime runs the file, which is as small as it should be and near the float model`, async () => {
      const model = mixed();
      const feeds = noise(model);
      const length = 40;
      const samples = Float32Array.from({ length: length * 5 * 9 * 9 }, (_, i) => Math.sin(i * 1.7) + Math.cos(i * 0.31));
      const data = arrayDataset({ name: 'noise', inputs: { x: { type: 'float32', shape: [length, 5, 9, 9], data: samples } } });
      const splits = { train: data, calibration: data, validation: data, test: data };
      const task = { splits, feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' as const } }] };
      const options = { bits, rounding, task, steps: 200, threads: 1 };
      const { model: small, layers, remarks } = await quantizeBlocks(model, runtime, options);
      assert.equal(layers.length, 6);
      assert.deepEqual(
        layers.map((layer) => layer.rounding),
        layers.map((_, i) => (rounding === 'gptq' && i === 1 ? 'hqq' : rounding)),
      );
      assert.equal(remarks.length, rounding === 'gptq' ? 1 : 0);
      const operators = small.graph.nodes.map(({ op }) => op);
      assert.equal(operators.filter((op) => op === 'MatMulNBits').length, 3);
      // Kernels are written out, so that the runtime makes floats of them once, when it loads the model.
      assert.equal(operators.filter((op) => op === 'Cast').length >= 3, true);
      assert.equal(operators.filter((op) => op === 'DequantizeLinear').length, 0);
      const ratio = encodeModel(small).length / encodeModel(model).length;
      assert.ok(ratio < (bits === 4 ? 0.22 : 0.16), String(ratio));
      const [rounded, whole] = [await run(small, feeds), await run(model, feeds)];
      const limit = { 4: 0.25, 2: 1.1 }[bits];
      assert.ok(distance(rounded.y.numbers(), whole.y.numbers()) < limit, String(distance(rounded.y.numbers(), whole.y.numbers())));
    });
  }
}

test('what a file holds is what was rounded: a weight on the grid comes through unchanged', async () => {
  for (const bits of [4, 2] as const) {
    const floats = mixed();
    const once = await quantizeBlocks(floats, runtime, { bits, rounding: 'nearest' });
    const feeds = noise(floats);
    // ONNX Runtime's own kernels unpack what was written; here the same weights are floats.
    for (const value of floats.graph.initializers) {
      const tensor = value.initializer;
      if (!tensor || tensor.shape.length < 2) continue;
      const turned = floats.graph.nodes.some(
        ({ op, inputs: [, w], attributes }) => w === value && op !== 'Conv' && !attributes.has('transB'),
      );
      value.initializer = roundedTensor(tensor, turned, tensor.shape.length === 2 ? 'product' : 'unpacked', bits);
    }
    const [a, b] = [await run(once.model, feeds), await run(floats, feeds)];
    assert.ok(distance(a.y.numbers(), b.y.numbers()) < 1e-5, String(distance(a.y.numbers(), b.y.numbers())));
  }
});

test('a block size that no runtime has, and gptq without data, are refused', async () => {
  await assert.rejects(quantizeBlocks(mixed(), runtime, { bits: 4, blockSize: 24 }), OptionError);
  await assert.rejects(quantizeBlocks(mixed(), runtime, { bits: 4, rounding: 'gptq' }), /looks at data/);
});
