import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addGradients } from 'espalier/autodiff';
import { Random } from 'espalier/base';
import { quantizeAwareTrain } from 'espalier/compression/quantization';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { checkOptions } from 'espalier/technique';
import type { FewBits } from '#dist/compression/quantization/few-bits/few-layers.js';
import { withLearnedSteps } from '#dist/compression/quantization/few-bits/learned-steps.js';
import { prepareFewBits, writeFewBits } from '#dist/compression/quantization/few-bits/prepare-few.js';
import { run } from '../pruning/removal.js';
import { madeModel, taskOf } from './models.js';

let runtime: Runtime;
before(() => {
  runtime = createNodeRuntime({ threads: 1 });
});
after(() => runtime.dispose());

/** Weights whose columns fill no block, as MatMul and Gemm have them, and a kernel. */
function net(): Model {
  return madeModel([3, 6, 6], (build, x, weights) => {
    const a = build.op('Relu', [build.op('Conv', [x, weights([24, 3, 5, 5], 0.2)], { pads: [2, 2, 2, 2], strides: [2, 2] })]);
    const flat = build.op('Flatten', [a]);
    const b = build.op('Relu', [build.op('Gemm', [flat, weights([40, 216], 0.1)], { transB: 1 })]);
    return build.op('MatMul', [b, weights([40, 60], 0.2)]);
  });
}

async function prepared(bits: 2 | 4): Promise<FewBits> {
  return prepareFewBits(net(), runtime, { widths: [bits], blockSize: 16 });
}

function startsOf(few: FewBits, bits: 2 | 4) {
  return new Map(
    few.layers.flatMap((layer) => {
      const start = layer.forms.get(bits)?.blocked;
      return start ? [[layer, { start, levels: 2 ** bits }] as const] : [];
    }),
  );
}

for (const bits of [4, 2] as const) {
  test(`${bits} bits: before training the model says what the file of the same integers says`, async () => {
    const few = await prepared(bits);
    assert.equal(few.layers.length, 3);
    const { model, learned } = withLearnedSteps(few, startsOf(few, bits));
    assert.equal(learned.length, few.layers.filter(({ forms }) => forms.has(bits)).length);
    const x = Tensor.from(
      'float32',
      [2, 3, 6, 6],
      Array.from({ length: 216 }, (_, i) => Math.sin(i * 1.3)),
    );
    const [simulated, file] = [
      await run(model, { x }),
      await run(
        writeFewBits(few, () => bits),
        { x },
      ),
    ];
    const [a, b] = [simulated.y0.numbers(), file.y0.numbers()];
    for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] - b[i]) < 1e-4, `${i}: ${a[i]} and ${b[i]}`);
  });

  test(`${bits} bits: gradients of weights and steps are those of the paper, and finite differences where weights saturate`, async () => {
    const random = new Random(5);
    const few = await prepared(bits);
    const { model, learned } = withLearnedSteps(few, startsOf(few, bits));
    const { graph } = model;
    const [{ weight, steps, layer, start }] = learned.filter(({ layer: each }) => each.site.matrix?.node.op === 'Gemm');
    const of = (name: string) =>
      [...graph.initializers].find((value) => value.name === name) as NonNullable<(typeof graph.outputs)[number]>;
    // Steps that are too small for some weights, so that these saturate.
    const small = Tensor.of(
      'float32',
      of(steps).initializer?.shape ?? [],
      Float32Array.from(start.grid.scales, (scale) => scale * 0.713),
    );
    of(steps).initializer = small;
    const rounded = of(weight).users[0];
    const build = typedBuilder(graph, model.opsets);
    const read = learned.length > 0 ? layer.site.matrix?.node.name : '';
    const node = graph.nodes.find((each) => each.name === read);
    assert.ok(rounded && node);
    const factors = Tensor.from(
      'float32',
      [40, 216],
      Array.from({ length: 8640 }, () => random.normal()),
    );
    const loss = build.op('ReduceSum', [build.op('Mul', [node.inputs[1], build.parameter('factors', factors)])], { keepdims: 0 });
    const found = addGradients({ build, opsets: model.opsets, from: new Map([[loss, build.scalar(1)]]), to: [of(weight), of(steps)] });
    graph.outputs.length = 0;
    build.output(loss, 'loss');
    build.output(found.get(of(weight)) as typeof loss, 'dw');
    build.output(found.get(of(steps)) as typeof loss, 'ds');
    graph.sort();
    const x = Tensor.from('float32', [1, 3, 6, 6], new Float32Array(108));
    const { dw, ds } = await run(model, { x });
    const values = (of(weight).initializer as Tensor).toFloat32();
    const [gradient, towards] = [dw.numbers(), ds.numbers()];
    const { blockSize, zeros } = start.grid;
    const blocks = Math.ceil(216 / blockSize);
    const top = 2 ** bits - 1;
    const expected = new Float64Array(towards.length);
    let saturated = 0;
    for (let i = 0; i < values.length; i++) {
      const place = Math.floor(i / 216) * blocks + Math.floor((i % 216) / blockSize);
      const v = values[i] / small.toFloat32()[place];
      const [low, high] = [-zeros[place], top - zeros[place]];
      if (Math.min(Math.abs(v - low), Math.abs(v - high)) < 1e-3) {
        expected[place] = Number.NaN;
        continue;
      }
      const inside = v > low && v < high;
      saturated += Number(!inside);
      assert.ok(Math.abs(gradient[i] - (inside ? factors.numbers()[i] : 0)) < 1e-5, `weight ${i}`);
      const own = inside ? Math.round(v) - v : Math.max(low, Math.min(high, v));
      expected[place] += factors.numbers()[i] * own;
    }
    assert.ok(saturated > 50, `${saturated} saturate`);
    assert.ok(expected.filter(Number.isNaN).length < expected.length / 4);
    expected.forEach((value, i) => {
      // Where a weight lies at an end of the grid, both sides are right.
      assert.ok(
        Number.isNaN(value) || Math.abs(towards[i] - value) < 1e-3 * Math.max(1, Math.abs(value)),
        `step ${i}: ${towards[i]}, not ${value}`,
      );
    });
    // A block all of whose weights saturate: there what is rounded is exactly ± the end times the step, and the differences are the gradient.
    const block = 7;
    const tiny = small.toFloat32().slice();
    tiny[block] = 1e-4;
    const lossAt = async (step: number) => {
      const moved = tiny.slice();
      moved[block] = step;
      of(steps).initializer = Tensor.of('float32', small.shape, moved);
      return run(model, { x });
    };
    const [below, middle, above] = [await lossAt(0.9e-4), await lossAt(1e-4), await lossAt(1.1e-4)];
    // The loss is large beside the difference: so it is taken from the block's own weights.
    const difference = (Number(above.loss.numbers()[0]) - Number(below.loss.numbers()[0])) / 0.2e-4;
    const analytic = Number(middle.ds.numbers()[block]);
    assert.ok(Math.abs(analytic - difference) < 0.05 * Math.abs(analytic) + 1, `${analytic}, by differences ${difference}`);
  });
}

test('trained weights of 2 bits and ternary ones follow the float model better than rounding, and the file is what was trained', async () => {
  const shape = [3, 6, 6];
  const model = net();
  const task = taskOf(model, shape);
  for (const weightType of ['int2', 'ternary'] as const) {
    const options = checkOptions(quantizeAwareTrain, { weightType, epochs: 8, learningRate: 0.005, batchSize: 16 });
    const { model: small, notes } = await quantizeAwareTrain.apply({ model, task, runtime, seed: 1 }, options);
    const { loss, lossBeforeTraining } = notes.facts as { loss: number; lossBeforeTraining: number };
    assert.ok(loss < 0.7 * lossBeforeTraining, `${weightType}: ${loss} after, ${lossBeforeTraining} before`);
    assert.ok(encodeModel(small).length < 0.2 * encodeModel(model).length);
    const [last] = (notes.training ?? []).map(({ quality = 0 }) => quality).sort((a, b) => b - a);
    assert.ok(Math.abs(1 - loss - last) < 1e-3, `the file has ${1 - loss}, the best epoch had ${last}`);
  }
});

test('types that no kernel takes together are refused', async () => {
  const model = net();
  const task = taskOf(model, [3, 6, 6]);
  const options = checkOptions(quantizeAwareTrain, { activationType: 'float32' });
  await assert.rejects(quantizeAwareTrain.apply({ model, task, runtime, seed: 1 }, options), /quantized activations/);
});
