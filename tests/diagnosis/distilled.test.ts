import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { quantizeStatic } from 'espalier/compression/quantization';
import { arrayDataset, type Dataset } from 'espalier/data';
import { distilledSource, syntheticSource } from 'espalier/diagnosis';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type GraphBuilder, type Model, Tensor, type Value } from 'espalier/onnx';
import { buildStatisticsMatch, feedsOf, fidelity, type Task } from 'espalier/training';
import { madeModel, noiseOf, type Weights } from '../compression/quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const shape = [3, 12, 12];

/** What the model below was "trained" on: far from what is made up, which is standardized. */
function real(count: number, seed: number): Dataset {
  const random = new Random(seed);
  const data = Float32Array.from({ length: count * 432 }, () => 0.2 + 0.1 * random.normal());
  return arrayDataset({ name: 'real', inputs: { x: { type: 'float32', shape: [count, ...shape], data } } });
}

interface Statistics {
  mean: Float32Array;
  variance: Float32Array;
}

/** Two convolutions with batch normalizations that remember statistics, and the values that those are of as outputs y1, y2. */
function netWith(known: readonly Statistics[]): Model {
  return madeModel(shape, (build: GraphBuilder, x: Value, weights: Weights) => {
    const outputs: Value[] = [];
    const block = (value: Value, weight: Value, index: number) => {
      const made = build.op('Conv', [value, weight], { pads: [1, 1, 1, 1] });
      outputs.push(made);
      const { mean, variance } = known[index] ?? { mean: new Float32Array(8), variance: new Float32Array(8).fill(1) };
      const vector = (values: Float32Array) => build.parameter('statistic', Tensor.of('float32', [8], values));
      return build.op('Relu', [build.op('BatchNormalization', [made, weights([8]), weights([8]), vector(mean), vector(variance)])]);
    };
    const a = block(x, weights([8, 3, 3, 3]), 0);
    const b = block(a, weights([8, 8, 3, 3]), 1);
    return [build.op('Gemm', [build.op('Flatten', [build.op('GlobalAveragePool', [b])]), weights([8, 5])]), ...outputs];
  });
}

async function statisticsOf(model: Model, output: string): Promise<Statistics> {
  const program = await runtime.compile(model);
  const { [output]: seen } = await program.run({
    x: feeds(real(64, 1), await real(64, 1).read(Int32Array.from({ length: 64 }, (_, i) => i))),
  });
  await program.dispose();
  const values = seen.toFloat32();
  const of = (channel: number) => values.filter((_, i) => Math.floor(i / 144) % 8 === channel);
  const mean = Float32Array.from({ length: 8 }, (_, c) => of(c).reduce((sum, value) => sum + value, 0) / of(c).length);
  return {
    mean,
    variance: Float32Array.from({ length: 8 }, (_, c) => of(c).reduce((sum, value) => sum + (value - mean[c]) ** 2, 0) / of(c).length),
  };
}

function feeds(_: Dataset, batch: Awaited<ReturnType<Dataset['read']>>): Tensor {
  return feedsOf([{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }], batch).x;
}

async function trained(): Promise<Model> {
  const first = await statisticsOf(netWith([]), 'y1');
  const second = await statisticsOf(netWith([first]), 'y2');
  const model = netWith([first, second]);
  model.graph.outputs.length = 1;
  return model;
}

function taskOn(model: Model, calibration: Dataset): Task {
  return {
    ...fidelity({ reference: model, outputs: ['y0'] }),
    name: 'real',
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
    splits: { train: calibration, calibration, validation: real(64, 2), test: real(64, 3) },
  };
}

test('samples with the statistics of the batch normalizations calibrate better than made-up ones', async () => {
  const model = await trained();
  const made = syntheticSource(model);
  const found = await distilledSource(model, runtime, { made, threads: 1 });
  assert.match(
    found?.explanation ?? '',
    /^64 made-up samples were given the statistics of the model's batch normalizations: the mean squared distance to those of 2 normalization\(s\) went from [\d.e+]+ to 0\.\d+ \(in deviations\)\.$/,
  );
  const noise = async (calibration: Dataset) => {
    const task = taskOn(model, calibration);
    return noiseOf((await quantizeStatic(model, task, runtime)).model, task, runtime, 'test');
  };
  const [own, better, plain] = [await noise(real(64, 1)), await noise(found?.source?.train as Dataset), await noise(made.train)];
  assert.ok(better < plain / 4, `1 - R² is ${better} with the statistics, ${plain} without, ${own} with real samples`);
  const again = await distilledSource(model, runtime, { made, threads: 1 });
  assert.deepEqual(
    (await again?.source?.train.read(Int32Array.of(0, 63)))?.inputs.x.data,
    (await found?.source?.train.read(Int32Array.of(0, 63)))?.inputs.x.data,
  );
});

test('statistics that nothing meets leave made-up samples as they are, and so does a model without any', async () => {
  const odd = { mean: Float32Array.from({ length: 8 }, (_, c) => (c % 2 ? 50 : -50)), variance: new Float32Array(8).fill(1e-4) };
  const found = await distilledSource(netWith([odd, odd]), runtime, { made: syntheticSource(netWith([])), threads: 1 });
  assert.equal(found?.source, undefined);
  assert.match(found?.explanation ?? '', /because they could not be met: .* and 0\.05 is the bound\.$/);
  const none = madeModel([16], (build, x, weights) => build.op('Gemm', [x, weights([16, 4])]));
  assert.equal(await distilledSource(none, runtime, { made: syntheticSource(none), threads: 1 }), undefined);
});

test('the gradient of the distance agrees with finite differences', async () => {
  const model = await trained();
  const match = buildStatisticsMatch(model, { x: [2, ...shape] });
  assert.ok(match);
  const random = new Random(4);
  const start = Float32Array.from({ length: 864 }, () => random.normal());
  const program = await runtime.compile(match.model);
  const at = async (values: Float32Array) => program.run({ x: Tensor.of('float32', [2, ...shape], values.slice()) });
  const gradient = (await at(start))[match.gradients.get('x') as string].toFloat32().slice();
  for (let trial = 0; trial < 3; trial++) {
    const direction = Float32Array.from({ length: 864 }, () => random.normal());
    const loss = async (by: number) => (await at(start.map((value, i) => value + by * direction[i])))[match.lossOutput].toFloat32()[0];
    const wanted = (await loss(1e-2)) - (await loss(-1e-2));
    const found = 2e-2 * gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
    assert.ok(Math.abs(found - wanted) < 0.02 * Math.abs(wanted) + 1e-4, `${found} and ${wanted}`);
  }
  await program.dispose();
});

/** What a table's columns are, of very different size. */
const columns = {
  mean: Float32Array.from([40, 0.2, 90000, -3, 1e-3, 500]),
  variance: Float32Array.from([12, 0.05, 3e4, 1, 2e-4, 80], (deviation) => deviation ** 2),
};

for (const [name, inputs] of [
  ['an input', [6]],
  ['several inputs, joined', [1, 2, 3]],
] as const) {
  test(`a normalization that reads ${name} as it comes tells how the samples begin`, async () => {
    const model = madeModel([inputs[0]], (build, x, weights) => {
      const others = inputs.slice(1).map((size, i) => build.input(`x${i}`, 'float32', [x.shape?.[0] ?? 1, size]));
      const whole = others.length > 0 ? build.op('Concat', [x, ...others], { axis: 1 }) : x;
      const vector = (values: Float32Array) => build.parameter('statistic', Tensor.of('float32', [6], values));
      const parts = [new Float32Array(6).fill(1), new Float32Array(6), columns.mean, columns.variance].map(vector);
      const hidden = build.op('Gemm', [build.op('BatchNormalization', [whole, ...parts]), weights([6, 8])]);
      return build.op('Gemm', [build.op('Relu', [hidden]), weights([8, 3])]);
    });
    const made = syntheticSource(model);
    const found = await distilledSource(model, runtime, { made, threads: 1 });
    assert.match(found?.explanation ?? '', /were given the statistics/);
    const { inputs: all } = (await found?.source?.train.read(Int32Array.from({ length: 64 }, (_, i) => i))) ?? {};
    assert.ok(all);
    const read = Object.values(all).flatMap(({ data, shape: [, size] }) =>
      Array.from({ length: size }, (_, c) => Array.from(data as Float32Array).filter((_, i) => i % size === c)),
    );
    read.forEach((column, c) => {
      const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
      const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length);
      const wanted = Math.sqrt(columns.variance[c]);
      assert.ok(
        Math.abs(mean - columns.mean[c]) < 0.2 * wanted && Math.abs(deviation / wanted - 1) < 0.2,
        `column ${c}: ${mean}, ${deviation}`,
      );
    });
  });
}

test('an input has the statistics of the normalization that reads it where those behind cannot be met', async () => {
  const model = madeModel([6], (build, x, weights) => {
    const vector = (values: Float32Array) => build.parameter('statistic', Tensor.of('float32', [6], values));
    const parts = [new Float32Array(6).fill(1), new Float32Array(6), columns.mean, columns.variance].map(vector);
    const hidden = build.op('Relu', [build.op('Gemm', [build.op('BatchNormalization', [x, ...parts]), weights([6, 6])])]);
    const odd = [new Float32Array(6).fill(1), new Float32Array(6), new Float32Array(6).fill(-50), new Float32Array(6).fill(1e-4)].map(
      vector,
    );
    return build.op('Gemm', [build.op('BatchNormalization', [hidden, ...odd]), weights([6, 3])]);
  });
  const found = await distilledSource(model, runtime, { made: syntheticSource(model), threads: 1 });
  assert.match(
    found?.explanation ?? '',
    /of the batch normalizations that read inputs as they come \(x\): all together they could not be met/,
  );
  const { x } = (await found?.source?.train.read(Int32Array.from({ length: 64 }, (_, i) => i)))?.inputs ?? {};
  const first = Array.from(x?.data as Float32Array).filter((_, i) => i % 6 === 0);
  assert.ok(Math.abs(first.reduce((sum, value) => sum + value, 0) / 64 - 40) < 1);
});

test('an input has the statistics of the normalization that reads it even where others were nearer to theirs before', async () => {
  const model = madeModel([6], (build, x, weights) => {
    const vector = (values: Float32Array) => build.parameter('statistic', Tensor.of('float32', [6], values));
    const [ones, zeros] = [() => vector(new Float32Array(6).fill(1)), () => vector(new Float32Array(6))];
    const own = build.op('BatchNormalization', [x, ones(), zeros(), vector(columns.mean), vector(columns.variance)]);
    const still = [ones(), zeros(), zeros(), vector(new Float32Array(6).fill(1e-6))];
    const other = build.op('BatchNormalization', [build.op('Mul', [x, build.scalar(1)]), ...still]);
    return build.op('Gemm', [build.op('Add', [own, other]), weights([6, 3])]);
  });
  const found = await distilledSource(model, runtime, { made: syntheticSource(model), threads: 1 });
  assert.match(found?.explanation ?? '', /of the batch normalizations that read inputs as they come \(x\)/);
  const { x } = (await found?.source?.train.read(Int32Array.from({ length: 64 }, (_, i) => i)))?.inputs ?? {};
  const first = Array.from(x?.data as Float32Array).filter((_, i) => i % 6 === 0);
  const mean = first.reduce((sum, value) => sum + value, 0) / 64;
  assert.ok(Math.abs(mean - 40) < 1, `the first column's mean is ${mean}`);
});
