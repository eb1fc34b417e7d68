import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { estimateOn, footprint, hardwareNamed, type LayerCost } from 'espalier/infrastructure/hardware';
import { Graph, GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { shared, skipWithout } from '../../support/paths.js';
import { convolutionModel, quantizedConvolution } from '../models.js';

/** Costs of the layers that `write` makes of an image [2, 12, 9, 9] and a sequence [5, 3, 8]. */
function costsOf(write: (build: GraphBuilder, image: Value, sequence: Value) => Value): readonly LayerCost[] {
  const build = new GraphBuilder(new Graph('layers'));
  build.output(write(build, build.input('image', 'float32', [2, 12, 9, 9]), build.input('sequence', 'float32', [5, 3, 8])));
  return footprint(new Model(build.graph, 21), { bytes: 0 }).layers;
}

function weight(build: GraphBuilder, ...shape: number[]): Value {
  return build.constant(Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b))));
}

test('products of convolutions, transposed convolutions, matrices and sequences, counted by hand', () => {
  const [grouped] = costsOf((build, image) => build.op('Conv', [image, weight(build, 9, 4, 3, 3)], { group: 3, strides: [2, 2] }));
  assert.deepEqual(grouped.product, { count: 3, rows: 2 * 4 * 4, depth: 36, columns: 3, inputs: 2 * 4 * 81, window: 9, reach: 4 * 3 * 9 });
  const [wide] = costsOf((build, image) => build.op('Conv', [image, weight(build, 5, 12, 1, 1)], { strides: [3, 3] }));
  assert.equal(wide.product?.inputs, 2 * 12 * 3 * 3);
  const [spread] = costsOf((build, image) => build.op('ConvTranspose', [image, weight(build, 12, 5, 2, 2)], { strides: [2, 2] }));
  assert.deepEqual(spread.product, { count: 1, rows: 162, depth: 12, columns: 20, inputs: 1944, window: 1, reach: 12 });
  const [batched] = costsOf((build, _, sequence) =>
    build.op('MatMul', [sequence, build.op('Transpose', [sequence], { perm: [0, 2, 1] })]),
  ).slice(-1);
  assert.deepEqual(batched.product, { count: 5, rows: 3, depth: 8, columns: 3, inputs: 24, window: 1, reach: 8 });
  const [lstm] = costsOf((build, _, sequence) => {
    const weights = [weight(build, 2, 40, 8), weight(build, 2, 40, 10)];
    return build.node('LSTM', [sequence, ...weights], { hidden_size: 10, direction: 'bidirectional' })[0];
  });
  assert.deepEqual(lstm.product, { count: 10, rows: 3, depth: 18, columns: 40, inputs: 54, window: 1, reach: 18 });
  for (const layer of [grouped, wide, spread, batched, lstm]) assert.equal(multiplied(layer), layer.macs, layer.op);
});

function multiplied({ product }: LayerCost): number | undefined {
  return product && product.count * product.rows * product.depth * product.columns;
}

const models = shared('models');

test('products multiply as often as layers do, in models that others trained', { skip: skipWithout(models, 'shared/models') }, () => {
  let checked = 0;
  for (const file of readdirSync(models as string).filter((name) => name.endsWith('.onnx'))) {
    for (const layer of footprint(loadModel(join(models as string, file)), { bytes: 0 }).layers) {
      if (!layer.macs) continue;
      if (layer.product) assert.equal(multiplied(layer), layer.macs, `${file}, ${layer.node}`);
      checked++;
    }
  }
  assert.ok(checked >= 300, `${checked}`);
});

test('activations of a product that nothing else reads are computed with it; a branch, an output and a sum are not', () => {
  const fused = (write: Parameters<typeof costsOf>[0]) => costsOf(write).map(({ op, fusable }) => `${op}${fusable ? ' fused' : ''}`);
  const conv = (build: GraphBuilder, image: Value) => build.op('Conv', [image, weight(build, 4, 12, 3, 3)]);
  assert.deepEqual(
    fused((build, image) => build.op('Neg', [build.op('Sigmoid', [build.op('Relu', [conv(build, image)])])])),
    ['Conv', 'Relu fused', 'Sigmoid fused', 'Neg'],
  );
  const branched = fused((build, image) => {
    const made = conv(build, image);
    return build.op('Mul', [build.op('Sigmoid', [made]), made]);
  });
  assert.deepEqual(branched, ['Conv', 'Sigmoid', 'Mul']);
  const { layers } = estimateOn(footprint(convolutionModel()), hardwareNamed('a100-sxm'));
  assert.deepEqual(
    layers.filter((layer) => layer.fused).map(({ op, seconds }) => [op, seconds]),
    [['Relu', 0]],
  );
  // Integers in and out: the layer is one of int8, and what quantizes its result is part of it.
  const quantized = footprint(quantizedConvolution()).layers.find(({ op }) => op === 'Conv');
  assert.equal(quantized?.arithmetic, 'int8');
});

test('what an estimate leaves out is said, and so is what does not fit', () => {
  const estimate = estimateOn(footprint(convolutionModel(), { bytes: 3 * 2 ** 20, batch: 512 }), hardwareNamed('stm32h7'));
  assert.deepEqual(estimate.storage, { fits: false, needed: 3 * 2 ** 20, available: 2 * 2 ** 20 });
  assert.equal(estimate.memory?.fits, false);
  assert.ok(estimate.milliseconds > 0 && (estimate.millijoules ?? 0) > 0);
  const shares = Object.values(estimate.bounds).reduce((sum, part) => sum + part, 0);
  assert.ok(Math.abs(shares / estimate.milliseconds - 1) < 1e-9);
});
