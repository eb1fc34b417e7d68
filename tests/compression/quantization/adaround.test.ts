import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addGradients, prepare } from 'espalier/autodiff';
import { SearchSpace } from 'espalier/automation';
import { Random, Stopped } from 'espalier/base';
import { quantize, quantizeBlocks } from 'espalier/compression/quantization';
import { arrayDataset } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type GraphBuilder, type Model, Tensor, type Value } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { feedsOf, type Task } from 'espalier/training';
import { roundedOnGrids } from '#dist/compression/quantization/adaround/on-grids.js';
import {
  type Between,
  logitName,
  POWER,
  PULL,
  roundingLoss,
  softlyRounded,
  wantedName,
} from '#dist/compression/quantization/adaround/soft-rounding.js';
import { UnitSamples } from '#dist/compression/quantization/adaround/unit-samples.js';
import { unitsOf } from '#dist/compression/quantization/adaround/units.js';
import { planWithoutData } from '#dist/compression/quantization/dynamic.js';
import { prepareFewBits } from '#dist/compression/quantization/few-bits/prepare-few.js';
import { dequantizeWeight, quantizeWeight, weightGrid } from '#dist/compression/quantization/weights.js';
import { run } from '../pruning/removal.js';
import { madeModel, taskOf } from './models.js';

let runtime: Runtime;
before(() => {
  runtime = createNodeRuntime({ threads: 1 });
});
after(() => runtime.dispose());

const SHAPE = [8, 6, 6];

/** A layer, a residual block, and a dense layer; `inside` stands within the block. */
function net(inside = (build: GraphBuilder, x: Value) => build.op('Relu', [x])): Model {
  return madeModel(SHAPE, (build, x, weights) => {
    const conv = (from: Value) => build.op('Conv', [from, weights([24, Number(from.shape?.[1]), 3, 3], 0.1)], { pads: [1, 1, 1, 1] });
    const stem = build.op('Relu', [conv(x)]);
    const block = build.op('Relu', [build.op('Add', [stem, conv(inside(build, conv(stem)))])]);
    return build.op('MatMul', [build.op('Flatten', [block]), weights([864, 40], 0.05)]);
  });
}

/** Samples that a few directions make up, as activations are. */
function taskFor(model: Model): Task {
  const random = new Random(3);
  const width = SHAPE.reduce((a, b) => a * b, 1);
  const directions = Array.from({ length: 12 }, () => Float32Array.from({ length: width }, () => random.normal()));
  const part = (count: number) => {
    const data = new Float32Array(count * width);
    for (let sample = 0; sample < count; sample++) {
      for (const direction of directions) {
        const size = random.normal() / 4;
        for (let i = 0; i < width; i++) data[sample * width + i] += size * direction[i];
      }
    }
    return arrayDataset({ name: 'mixtures', inputs: { x: { type: 'float32', shape: [count, ...SHAPE], data } } });
  };
  return { ...taskOf(model, SHAPE), splits: { train: part(16), calibration: part(128), validation: part(32), test: part(64) } };
}

/** Mean square of what a model's output is off another's, over that of the other's, on the test part. */
async function errorOf(model: Model, original: Model, task: Task): Promise<number> {
  const batch = await task.splits.test.read(Int32Array.from({ length: 64 }, (_, i) => i));
  const [{ y0: found }, { y0: wanted }] = [await run(model, feedsOf(task.feeds, batch)), await run(original, feedsOf(task.feeds, batch))];
  const [a, b] = [found.numbers(), wanted.numbers()];
  const square = (of: (i: number) => number) => b.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return square((i) => a[i] - b[i]) / square((i) => b[i]);
}

for (const [bits, most] of [
  [4, 0.6],
  [2, 0.5],
] as const) {
  test(`${bits} bits: what the file makes is nearer to the original than rounded to nearest, or by hqq, at equal bytes`, async () => {
    const model = net();
    const task = taskFor(model);
    const by = (rounding: 'nearest' | 'hqq' | 'adaround') =>
      quantizeBlocks(model, runtime, { bits, rounding, task, steps: 300, threads: 1 });
    const [nearest, hqq, learned] = [await by('nearest'), await by('hqq'), await by('adaround')];
    assert.deepEqual([...new Set(learned.layers.map(({ rounding }) => rounding))], ['adaround']);
    assert.deepEqual(learned.remarks, []);
    assert.equal(encodeModel(learned.model).length, encodeModel(hqq.model).length);
    const [a, b, c] = [
      await errorOf(learned.model, model, task),
      await errorOf(nearest.model, model, task),
      await errorOf(hqq.model, model, task),
    ];
    assert.ok(a < most * Math.min(b, c), `adaround ${a}, nearest ${b}, hqq ${c}`);
  });
}

test('each weight becomes one of its two neighbours on the grid of hqq', async () => {
  const model = net();
  const task = taskFor(model);
  const options = { widths: [2] as const, task, seed: 1, steps: 60, threads: 1 };
  const [start, learned] = [
    await prepareFewBits(model, runtime, { ...options, rounding: 'hqq' }),
    await prepareFewBits(model, runtime, { ...options, rounding: 'adaround' }),
  ];
  let moved = 0;
  for (const [i, { site, forms }] of learned.layers.entries()) {
    const [own, plain] = [forms.get(2)?.blocked, start.layers[i].forms.get(2)?.blocked];
    assert.ok(own && plain);
    assert.deepEqual(own.grid, plain.grid);
    const { blockSize, scales, zeros } = own.grid;
    const blocks = Math.ceil(site.weight.columns / blockSize);
    own.integers.forEach((integer, k) => {
      const place = Math.floor(k / site.weight.columns) * blocks + Math.floor((k % site.weight.columns) / blockSize);
      const at = Math.min(3, Math.max(0, site.weight.values[k] / scales[place] + zeros[place]));
      assert.ok(integer >= 0 && integer <= 3 && Math.abs(integer - at) <= 1 + 1e-5, `${integer} for ${at}`);
      moved += Number(integer !== plain.integers[k]);
    });
  }
  assert.ok(moved > 500, `${moved} moved`);
});

test('the same seed gives the same file, another one another', async () => {
  const model = net();
  const task = taskFor(model);
  const bytes = async (seed: number) => {
    const options = { bits: 2, rounding: 'adaround', task, steps: 40, seed, threads: 1 } as const;
    return Buffer.from(encodeModel((await quantizeBlocks(model, runtime, options)).model)).toString('base64');
  };
  const [first, again, other] = [await bytes(1), await bytes(1), await bytes(2)];
  assert.equal(first, again);
  assert.notEqual(first, other);
});

test('progress rises to its total, over all numbers of bits, and aborting stops it', async () => {
  const model = net();
  const task = taskFor(model);
  const common = { widths: [2, 4] as const, rounding: 'adaround' as const, task, steps: 20, threads: 1 };
  const seen: number[] = [];
  await prepareFewBits(model, runtime, {
    ...common,
    onProgress: ({ task: name, done, total }) => {
      if (name === 'adaround') seen.push(done / (total ?? 0));
    },
  });
  assert.equal(seen.length, 2 * 3 * 20);
  seen.forEach((share, i) => {
    assert.ok(share > (seen[i - 1] ?? 0) && share < 1 + 1e-9, `${share} after ${seen[i - 1]}`);
  });
  assert.ok(Math.abs((seen.at(-1) ?? 0) - 1) < 1e-9);
  const controller = new AbortController();
  let events = 0;
  const stopped = prepareFewBits(model, runtime, {
    ...common,
    signal: controller.signal,
    onProgress: () => {
      if (++events === 5) controller.abort();
    },
  });
  await assert.rejects(stopped, Stopped);
  assert.ok(events < 10, `${events} steps`);
});

test('where learning does not make a block better, the better rounding is kept, and said', async () => {
  const model = net();
  const task = taskFor(model);
  const { layers, remarks } = await quantizeBlocks(model, runtime, { bits: 4, rounding: 'adaround', task, steps: 1, threads: 1 });
  const kept = layers.filter(({ rounding }) => rounding !== 'adaround');
  assert.ok(kept.length > 0);
  assert.match(remarks.join(' '), /was not better than rounding without, which is kept/);
  for (const { node } of kept) assert.ok(remarks.join(' ').includes(node), node);
});

test('a block without a gradient is learned layer by layer', async () => {
  const model = net((build, x) => {
    const gates = build.op('Sigmoid', [build.op('Unsqueeze', [build.op('Det', [x]), build.ints([2, 3])])]);
    return build.op('Mul', [x, gates]);
  });
  const { layers, remarks } = await quantizeBlocks(model, runtime, {
    bits: 2,
    rounding: 'adaround',
    task: taskFor(model),
    steps: 100,
    threads: 1,
  });
  assert.deepEqual(
    layers.map(({ rounding }) => rounding),
    layers.map(() => 'adaround'),
  );
  assert.deepEqual(remarks, []);
});

test('units: residual and attention blocks stay whole, masks do not join them, activations go with their layer', () => {
  const names = new Map<string, string>();
  const model = madeModel([4, 16], (build, x, weights) => {
    const dense = (from: Value, name: string) => {
      const weight = weights([16, 16]);
      names.set(weight.name, name);
      return build.op('MatMul', [from, weight]);
    };
    const mask = build.op('Mul', [build.op('ReduceMax', [x, build.ints([-1])], { keepdims: 1 }), build.scalar(-10)]);
    const first = build.op('Relu', [dense(x, 'first')]);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => dense(first, name));
    const scores = build.op('MatMul', [q, build.op('Transpose', [k], { perm: [0, 2, 1] })]);
    const attended = build.op('MatMul', [build.op('Softmax', [build.op('Add', [scores, mask])], { axis: -1 }), v]);
    const second = build.op('Add', [first, dense(attended, 'o')]);
    const third = build.op('Add', [second, dense(build.op('Relu', [dense(second, 'up')]), 'down')]);
    return build.op('Softmax', [build.op('Add', [dense(third, 'last'), mask])], { axis: -1 });
  });
  const weights = new Set([...model.graph.initializers].filter(({ name }) => names.has(name)));
  const units = unitsOf(model.graph, weights);
  assert.deepEqual(
    units.map((unit) => unit.weights.map((name) => names.get(name))),
    [['first'], ['q', 'k', 'v', 'o'], ['up', 'down'], ['last']],
  );
  const makers = units.map(({ outputs: [output, ...others] }) => {
    assert.deepEqual(others, []);
    return [...model.graph.values()].find(({ name }) => name === output)?.producer?.op;
  });
  assert.deepEqual(makers, ['Relu', 'Add', 'Add', 'Add']);
  assert.equal(units[1].inputs.length, 2);
});

test('the loss and its gradient are the formulas of the paper, by finite differences', async () => {
  const random = new Random(7);
  const float = madeModel([6], (build, x, weights) => build.op('MatMul', [x, weights([6, 5])]));
  const [weight] = float.graph.initializers;
  const numbers = (count: number, of: () => number) => Float32Array.from({ length: count }, of);
  const between: Between = {
    name: weight.name,
    lower: numbers(30, () => random.normal()),
    gap: numbers(30, () => (random.uniform() < 0.2 ? 0 : 0.5)),
    share: numbers(30, () => random.uniform(0.05, 0.95)),
  };
  const { model } = softlyRounded(float, [between]);
  const { model: graded, build, value } = prepare(model, { inputShapes: { x: [3, 6] } });
  const loss = roundingLoss(
    [between],
    new Map([['y0', 0.25]]),
  )({
    build,
    value,
    feed: (name: string, dtype: 'float32' | 'int64', shape: readonly number[]) => build.input(name, dtype, shape),
  } as Parameters<ReturnType<typeof roundingLoss>>[0]);
  const logit = value(logitName(weight.name));
  const gradients = addGradients({ build, opsets: graded.opsets, from: new Map([[loss, build.scalar(1)]]), to: [logit] });
  graded.graph.outputs.length = 0;
  build.output(loss, 'loss');
  build.output(gradients.get(logit) as Value, 'gradient');
  graded.graph.sort();
  const x = numbers(18, () => random.normal());
  const wanted = numbers(15, () => random.normal());
  const [pull, power] = [3, 4.5];
  const feeds = () => ({
    x: Tensor.of('float32', [3, 6], x.slice()),
    [wantedName('y0')]: Tensor.of('float32', [3, 5], wanted.slice()),
    [PULL]: Tensor.scalar('float32', pull),
    [POWER]: Tensor.scalar('float32', power),
  });
  const start = (logit.initializer as Tensor).toFloat32();
  const exact = (logits: ArrayLike<number>) => {
    const h = Array.from(logits, (v) => Math.min(1, Math.max(0, 1.2 / (1 + Math.exp(-v)) - 0.1)));
    let [error, open] = [0, 0];
    for (let row = 0; row < 3; row++)
      for (let out = 0; out < 5; out++) {
        let sum = -wanted[row * 5 + out];
        for (let i = 0; i < 6; i++) sum += x[row * 6 + i] * (between.lower[i * 5 + out] + between.gap[i * 5 + out] * h[i * 5 + out]);
        error += sum ** 2 / 15 / 0.25;
      }
    const free = between.gap.filter((gap) => gap > 0).length;
    between.gap.forEach((gap, i) => {
      if (gap > 0) open += 1 - Math.abs(2 * h[i] - 1) ** power;
    });
    return error + (pull * open) / free;
  };
  const found = await run(graded, feeds());
  assert.ok(Math.abs(found.loss.numbers()[0] / exact(start) - 1) < 1e-5, `${found.loss.numbers()[0]}, not ${exact(start)}`);
  const slope = found.gradient.numbers();
  for (let i = 0; i < 30; i++) {
    const [up, down] = [1e-4, -1e-4].map((step) => exact(Array.from(start, (v, k) => (k === i ? v + step : v))));
    const difference = (up - down) / 2e-4;
    assert.ok(
      Math.abs(slope[i] - difference) < 1e-3 * Math.max(1, Math.abs(difference)),
      `${i}: ${slope[i]}, by differences ${difference}`,
    );
  }
});

test('what is held of the samples is bounded, and every batch comes in its turn', async () => {
  const model = net();
  const task = taskFor(model);
  const { model: original } = prepare(model, { inputShapes: { x: [8, ...SHAPE] } });
  original.graph.sort();
  const weights = new Set([...original.graph.initializers].filter(({ initializer }) => initializer?.shape.length === 4));
  const [, unit] = unitsOf(original.graph, weights);
  const numbers = 2 * 8 * 24 * 36;
  const request = { original, current: original, unit, task, dataset: task.splits.calibration, batchSize: 8, seed: 1, runtime, threads: 1 };
  const samples = await UnitSamples.open({ ...request, mostNumbers: 5 * numbers });
  try {
    assert.deepEqual([samples.learned, samples.held], [15, 4]);
    const batches = await samples.read(13, 3);
    const judged = await samples.judged();
    assert.equal(judged.length, 1);
    const [first] = await samples.read(0, 1);
    const input = (batch: typeof first) => [...batch.inputs[unit.inputs[0]].toFloat32()];
    assert.deepEqual(input(batches[2]), input(first));
    assert.notDeepEqual(input(batches[1]), input(first));
    assert.notDeepEqual(input(judged[0]), input(batches[1]));
  } finally {
    await samples.dispose();
  }
});

test('the technique learns where it is asked to, and needs data', async () => {
  const model = net();
  const task = taskFor(model);
  const options = checkOptions(quantize, { mode: 'weights', weightType: 'int4', method: 'adaround', steps: 20, tolerance: 10 });
  const { model: small, notes } = await quantize.apply({ model, task, runtime, seed: 1, threads: 1 }, options);
  assert.ok(encodeModel(small).length < 0.25 * encodeModel(model).length);
  assert.equal(notes.facts?.layersOf4Bits, 4);
  await assert.rejects(quantizeBlocks(model, runtime, { bits: 4, rounding: 'adaround' }), /looks at data/);
});

test('a search for the smallest file tries it', () => {
  const model = net();
  const scope = { trainable: true, sizeOnly: true };
  const space = new SearchSpace(quantize.space(model, taskFor(model), scope) ?? {});
  const points = quantize.usual?.(model, taskFor(model), scope).map(({ point }) => space.check(point)) ?? [];
  assert.deepEqual(
    points.filter(({ mode }) => mode === 'weights').map(({ weightType, method }) => [weightType, method]),
    [
      ['int4', 'gptq'],
      ['int4', 'adaround'],
    ],
  );
  assert.throws(() => space.check({ mode: 'weights', weightType: 'int8', method: 'adaround' }), /method/);
});

test('whole bytes: the grids stay, each weight is one of its two neighbours, and writing rounds nothing any more', async () => {
  const model = net();
  const task = taskFor(model);
  const { model: prepared, plan } = await planWithoutData(model, runtime, {});
  for (const type of ['int8', 'uint8', 'int4'] as const) {
    const weight = { type, perChannel: true, reduceRange: type === 'uint8' };
    const common = { task, samples: 64, steps: 40, seed: 1, runtime, threads: 1 };
    const { model: rounded, result } = await roundedOnGrids({ ...common, model: prepared, layers: plan.stored, weight });
    assert.equal(result.choices.size, 4);
    let moved = 0;
    for (const { node, weight: { input = 1, axis } = {} } of plan.stored) {
      const [own, whole] = [rounded, prepared].map(({ graph }) => {
        const found = graph.nodes.find(({ name }) => name === node)?.inputs[input]?.initializer;
        assert.ok(found);
        return found;
      });
      const [grid, before] = [weightGrid(own, axis, weight), weightGrid(whole, axis, weight)];
      grid.scales.forEach((scale, i) => {
        assert.ok(Math.abs(scale / before.scales[i] - 1) < 1e-6, `${node} ${i}: ${scale}, not ${before.scales[i]}`);
      });
      const stored = quantizeWeight(own, grid);
      const [integers, plain] = [stored.numbers(), quantizeWeight(whole, before).numbers()];
      const written = dequantizeWeight(stored, grid).toFloat32();
      const step = Math.max(...grid.scales);
      own.toFloat32().forEach((value, i) => {
        assert.ok(Math.abs(integers[i] - plain[i]) <= 1);
        assert.ok(Math.abs(written[i] - value) < 1e-5 * step * 127, `${node} ${i}: ${written[i]} for ${value}`);
      });
      moved += integers.filter((each, i) => each !== plain[i]).length;
    }
    assert.ok(moved > 100, `${type}: ${moved} moved`);
  }
});

for (const [given, most] of [
  [{ mode: 'weights' }, 0.6],
  // Noise of activations stays.
  [{ mode: 'static', weightType: 'int4', tolerance: 100, sensitivity: false }, 0.75],
] as const) {
  test(`learned roundings, mode ${given.mode}: nearer to the original at equal bytes`, async () => {
    const model = net();
    const task = taskFor(model);
    const by = async (method: 'auto' | 'adaround') => {
      const options = checkOptions(quantize, { ...given, method, steps: 100 });
      return (await quantize.apply({ model, task, runtime, seed: 1, threads: 1 }, options)).model;
    };
    const [plain, learned] = [await by('auto'), await by('adaround')];
    assert.equal(encodeModel(learned).length, encodeModel(plain).length);
    const [error, before] = [await errorOf(learned, model, task), await errorOf(plain, model, task)];
    assert.ok(error < most * before, `${error} learned, ${before} before`);
  });
}
