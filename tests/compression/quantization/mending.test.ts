import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { type QuantizeOptions, quantize, quantizeDynamic } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type GraphBuilder, type Model, nodesOf, Tensor, type Value } from 'espalier/onnx';
import { checkOptions, type TechniqueResult } from 'espalier/technique';
import { feedsOf, type Task, trialsOf } from 'espalier/training';
import { planWithoutData } from '#dist/compression/quantization/dynamic.js';
import { chooseParts } from '#dist/compression/quantization/mending/choose-parts.js';
import type { Part } from '#dist/compression/quantization/mending/switched-storage.js';
import { switchedStorage } from '#dist/compression/quantization/mending/switched-storage.js';
import { measuredUnits } from '#dist/compression/quantization/mending/units.js';
import { movedAlone } from '#dist/compression/quantization/scales/alone.js';
import { SWITCHES } from '#dist/compression/quantization/write.js';
import { madeModel, noiseOf, outlierNet, taskOf, uneven, type Weights, wildNet } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const image = [3, 8, 8];
/** 1 - R² of an output with an SQNR of 20 dB. */
const CLOSE = 0.01;

/** Two wild layers, between which nothing scales along, among tame ones. */
function gatedNet(build: GraphBuilder, x: Value, weights: Weights): Value {
  const swish = (value: Value) => build.op('Mul', [value, build.op('Sigmoid', [value])]);
  const conv = (value: Value, weight: Value) => build.op('Conv', [value, weight], { pads: [1, 1, 1, 1] });
  const tame = (value: Value) => swish(conv(value, weights([12, 12, 3, 3], 0.15)));
  const a = swish(build.op('Conv', [x, weights([12, 3, 1, 1])]));
  const b = tame(a);
  const c = build.op('HardSwish', [build.op('Conv', [b, build.parameter('wild', uneven([12, 12, 1, 1], 0, 1, 0.2))])]);
  const d = swish(build.op('Conv', [c, build.parameter('wild', uneven([12, 12, 1, 1], 1, -1, 0.2))]));
  return build.op('Gemm', [build.op('Flatten', [build.op('GlobalAveragePool', [tame(tame(d))])]), weights([12, 6])]);
}

const options = (given: Partial<QuantizeOptions>) => checkOptions(quantize, given) as QuantizeOptions;

function applied(model: Model, given: Partial<QuantizeOptions>, task?: Task): Promise<TechniqueResult> {
  return quantize.apply({ model, runtime, seed: 0, ...(task && { task }) }, options(given));
}

for (const [name, net, shape, words] of [
  ['layers', wildNet, image, /^Scales were equalized across layers, by the model's own constants, in \d place\(s\)\.$/],
  ['normalizations', outlierNet, [5, 16], /^Scales of activations were moved into the layers that read them, by the model's own constants/],
] as const) {
  test(`scales of ${name} move by the model's constants alone, to the same function, and integers follow it`, async () => {
    const model = madeModel(shape, net);
    const task = taskOf(model, shape);
    const { model: prepared } = await planWithoutData(model, runtime, {});
    const moved = movedAlone(prepared, ['equalize', 'smooth'], true);
    assert.ok(moved);
    const same = await noiseOf(moved.model, task, runtime, 'test');
    assert.ok(same < 1e-10, `1 - R² is ${same}`);

    const plain = await applied(model, { mode: 'dynamic' });
    const before = await noiseOf(plain.model, task, runtime, 'test');
    assert.ok(before > CLOSE, `the net is not hard: 1 - R² is ${before}`);
    const mended = await plain.mended?.(trialsOf(model, task, 4));
    assert.ok(mended);
    assert.match(mended.notes.remarks?.[0] ?? '', words);
    assert.deepEqual([mended.notes.facts?.floatLayers, mended.notes.facts?.storingLayers], [0, 0]);
    const after = await noiseOf(mended.model, task, runtime, 'test');
    assert.ok(after < CLOSE && after < before / 10, `1 - R² is ${after} instead of ${before}`);

    const [kind] = moved.places.keys();
    const always = await applied(model, { mode: 'dynamic', [kind]: 'always' });
    assert.ok((await noiseOf(always.model, task, runtime, 'test')) < CLOSE);
    const never = await applied(model, { mode: 'dynamic', equalize: 'never', smooth: 'never' });
    const left = await never.mended?.(trialsOf(model, task, 4));
    assert.ok(left && Number(left.notes.facts?.floatLayers) + Number(left.notes.facts?.storingLayers) > 0);
    assert.ok(
      left.notes.remarks?.some((remark) =>
        /^\d of \d layers (keep float weights|store integers and compute in float), because/.test(remark),
      ),
    );
    assert.ok((await noiseOf(left.model, task, runtime, 'test')) < CLOSE);
  });
}

test('where no scale can move the layers that matter stay in float, the fewest, which is said', async () => {
  const model = madeModel(image, gatedNet, 14);
  const task = taskOf(model, image);
  const plain = await applied(model, { mode: 'dynamic' });
  const before = await noiseOf(plain.model, task, runtime, 'test');
  const mended = await plain.mended?.(trialsOf(model, task, 8));
  assert.ok(mended && before > CLOSE, `1 - R² is ${before}`);
  const after = await noiseOf(mended.model, task, runtime, 'test');
  assert.ok(after < 2 * CLOSE && after < before / 4, `1 - R² is ${after} instead of ${before}`);
  const wild = model.graph.nodes.filter((node) => node.op === 'Conv' && node.inputs[1]?.name.startsWith('wild'));
  const { floatLayers, storingLayers } = mended.notes.facts ?? {};
  assert.ok(Number(floatLayers) + Number(storingLayers) <= wild.length, `${floatLayers} and ${storingLayers} layers`);
  const said = mended.notes.remarks?.find((remark) => remark.includes('float')) ?? '';
  assert.match(
    said,
    /^1 of 7 layers keep float weights, because with integers everywhere the worst output would have [\d.]+ dB SQNR on 8 samples, and has [\d.]+ dB so: /,
  );
  assert.ok(nodesOf(mended.model.graph).some(({ op }) => op === 'ConvInteger'));
});

test('what only the written model shows is mended: sums of the original that overflow on their way', async () => {
  const model = madeModel([16], (build, x, weights) => {
    const random = new Random(3);
    const wild = Float32Array.from({ length: 16 * 32 }, (_, i) => (i % 32 === 5 ? 3e38 : 0.3 * random.normal()));
    const hidden = build.op('Gemm', [x, build.parameter('wild', Tensor.of('float32', [16, 32], wild)), weights([32])]);
    return build.op('Gemm', [build.op('Tanh', [hidden]), weights([32, 8])]);
  });
  const task = taskOf(model, [16]);
  const plain = await applied(model, { mode: 'dynamic' });
  const before = await noiseOf(plain.model, task, runtime, 'test');
  const mended = await plain.mended?.(trialsOf(model, task, 16));
  assert.ok(mended && before > CLOSE, `1 - R² is ${before}`);
  const after = await noiseOf(mended.model, task, runtime, 'test');
  assert.ok(after < CLOSE, `1 - R² is ${after} instead of ${before}`);
  assert.match(
    mended.notes.remarks?.[0] ?? '',
    /^1 of 2 layers store integers and compute in float, because .* and has [\d.]+ dB so: gemm\.$/,
  );
});

test('a model that follows is left as it is, and one without data says nothing of quality', async () => {
  const model = madeModel([16], (build, x, weights) =>
    build.op('Gemm', [build.op('Relu', [build.op('Gemm', [x, weights([16, 24])])]), weights([24, 4])]),
  );
  const task = taskOf(model, [16]);
  for (const mode of ['dynamic', 'weights'] as const) {
    const { mended, notes } = await applied(model, { mode });
    assert.equal(await mended?.(trialsOf(model, task, 4)), undefined);
    assert.deepEqual(notes.remarks, []);
  }
});

test('with data the technique looks by itself, where too much is lost', async () => {
  const model = madeModel(image, wildNet);
  const task = taskOf(model, image);
  const { model: made, mended, notes } = await applied(model, { mode: 'dynamic' }, task);
  assert.equal(mended, undefined);
  assert.match(notes.remarks?.[0] ?? '', /^Scales were equalized/);
  const [whole, now] = [
    await noiseOf((await quantizeDynamic(model, runtime)).model, task, runtime, 'test'),
    await noiseOf(made, task, runtime, 'test'),
  ];
  assert.ok(now < whole / 10, `1 - R² is ${now} instead of ${whole}`);
  // Rounded weights alone are good enough: nothing is changed beside them.
  const stored = await applied(model, { mode: 'weights' }, task);
  assert.deepEqual([stored.mended, stored.notes.remarks], [undefined, []]);
});

test('weights of few bits get scales that were moved, and more bits where that is not enough', async () => {
  const shape = [24];
  // Channels of very different size between dense layers, and a last layer that hardly bears rounding.
  const model = madeModel(shape, (build, x, weights) => {
    const a = build.op('Relu', [build.op('Gemm', [x, build.parameter('wild', uneven([24, 64], 1, 1))])]);
    const b = build.op('Relu', [build.op('Gemm', [a, build.parameter('wild', uneven([64, 64], 0, -1))])]);
    return build.op('Gemm', [b, weights([64, 8])]);
  });
  const task = taskOf(model, shape);
  for (const weightType of ['int4', 'int2'] as const) {
    const plain = await applied(model, { mode: 'weights', weightType });
    const mended = await plain.mended?.(trialsOf(model, task, 8));
    const before = await noiseOf(plain.model, task, runtime, 'test');
    assert.ok(mended, `${weightType}: nothing was mended, 1 - R² is ${before}`);
    const after = await noiseOf(mended.model, task, runtime, 'test');
    assert.ok(after < 0.1 && after < before / 2, `1 - R² is ${after} instead of ${before}`);
    const said = mended.notes.remarks?.join(' ') ?? '';
    assert.match(
      said,
      weightType === 'int4'
        ? /^Scales were equalized/
        : /layers keep more bits, because with fewer the worst output would have .* on 8 samples, and has [\d.]+ dB so; 4 bits: gemm/,
    );
  }
});

test('the switched graph computes what the float model does, and what the integer model does', async () => {
  const model = madeModel(image, gatedNet, 14);
  const task = taskOf(model, image);
  const { model: prepared, plan } = await planWithoutData(model, runtime, {});
  const weight = { type: 'int8', perChannel: true, reduceRange: false } as const;
  const storage = switchedStorage(prepared, plan, weight, (name) => plan.stored.some(({ node }) => node === name));
  const one = async () => feedsOf(task.feeds, await task.splits.test.read(Int32Array.of(0)));
  const switched = async (on: 0 | 1) => ({
    ...(await one()),
    [SWITCHES]: Tensor.of('bool', [storage.parts.length], new Uint8Array(storage.parts.length).fill(on)),
  });
  const said = async (of: Model, feeds: Record<string, Tensor>) => {
    const program = await runtime.compile(of);
    const { y0 } = await program.run(feeds);
    await program.dispose();
    return y0.toFloat32();
  };
  const pairs = [
    [await said(model, await one()), await said(storage.model, await switched(0)), 1e-6],
    [await said((await quantizeDynamic(model, runtime)).model, await one()), await said(storage.model, await switched(1)), 1e-2],
  ] as const;
  const reach = Math.max(...pairs[0][0].map(Math.abs));
  for (const [wanted, found, most] of pairs)
    assert.ok(
      wanted.every((value, i) => Math.abs(value - found[i]) <= most * reach),
      `${wanted} and ${found}`,
    );
  assert.ok(
    pairs[0][0].some((value, i) => Math.abs(value - pairs[1][0][i]) > 0.05 * reach),
    'roundings do something',
  );
});

test('few bad parts of many are found in few measurements', async () => {
  const bad = new Set([3, 40, 41]);
  let measurements = 0;
  const measure = async (parts: readonly number[]) => {
    measurements++;
    return parts.reduce((sum, part) => sum + (bad.has(part) ? 2 : 0.001), 0);
  };
  const units = await measuredUnits({ parts: [...Array(64).keys()], sizeOf: () => 1, measure, most: 40, allowed: 1 });
  assert.ok(measurements <= 41, `${measurements} measurements`);
  for (const part of bad) assert.ok(units.some(({ parts }) => parts.length === 1 && parts[0] === part));
  assert.equal(units.flatMap(({ parts }) => parts).length, 64);
});

test('what is left out is good enough, and none of it could be rounded as well', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const draw = (i: number) => Math.abs(Math.sin(seed * 12.9898 + i * 78.233) * 43758.5453) % 1;
    const parts: Part[] = Array.from({ length: 24 }, (_, i) => ({
      node: `n${i >> 1}`,
      rounds: i % 2 === 0 ? 'weight' : 'activation',
      size: i % 2 === 0 ? 1 + Math.floor(1000 * draw(i)) : 0,
    }));
    const shares = parts.map((_, i) => draw(i + 100) ** 6);
    const measure = async (on: readonly number[]) => on.reduce((sum, part) => sum + shares[part], 0);
    const { left, share } = await chooseParts({ parts, measure, most: 200 });
    assert.ok(share <= 1, `seed ${seed}: ${share}`);
    for (const part of left) {
      const { node, rounds } = parts[part];
      const isIdle = rounds === 'activation' && [...left].some((other) => parts[other].node === node && parts[other].rounds === 'weight');
      // Weights have a part of what is allowed to themselves.
      const beside = [...parts.keys()].filter((other) => !left.has(other) && (rounds === 'activation' || parts[other].rounds === 'weight'));
      const sum = beside.reduce((total, other) => total + shares[other], shares[part]);
      assert.ok(isIdle || sum > (rounds === 'weight' ? 0.75 : 1), `seed ${seed}: part ${part} is left out for nothing`);
    }
  }
});
