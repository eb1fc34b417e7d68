import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { weightSharing } from 'espalier/compression/clustering';
import { lowRank } from 'espalier/compression/factorization';
import { prune, sparsify } from 'espalier/compression/pruning';
import {
  type AwareOptions,
  evened,
  type QuantizeOptions,
  quantize,
  quantizeAwareTrain,
  quantizeBlocks,
  quantizeStatic,
} from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import type { GraphBuilder, Model, Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { checkOptions, type Options, type Technique } from 'espalier/technique';
import { answersOf, evaluate, feedsOf, judge, type Task } from 'espalier/training';
import { channelStatistics } from '#dist/compression/quantization/calibration/channel-statistics.js';
import { type Migration, measuredAxes, migrate } from '#dist/compression/quantization/scales/migrate.js';
import { shared, skipWithout } from '../../support/paths.js';
import { madeModel, noiseOf, outlierNet, taskOf, uneven, wildNet } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const image = [3, 8, 8];

async function moved(model: Model, task: Task, kind: Migration) {
  const axes = measuredAxes(model, kind);
  const statistics = await channelStatistics({ model, task, runtime, axes, samples: 64 });
  return migrate(model, kind, statistics, true);
}

for (const [kind, shape, net] of [
  ['equalize', image, wildNet],
  ['smooth', [5, 16], outlierNet],
] as const) {
  test(`${kind}: the float model stays the same function to the last bit, and its channels come closer`, async () => {
    const model = madeModel(shape, net);
    const task = taskOf(model, shape);
    const found = await moved(model, task, kind);
    assert.ok(found && found.places >= 1);
    const run = async (of: Model) => {
      const program = await runtime.compile(of, { optimize: 'none' });
      const { y0 } = await program.run(feedsOf(task.feeds, await task.splits.test.read(Int32Array.of(0, 1, 2, 3))));
      await program.dispose();
      return y0.toFloat32();
    };
    assert.deepEqual(await run(found.model), await run(model));
    const spread = async (of: Model) => {
      const axes = measuredAxes(model, kind);
      const seen = [...(await channelStatistics({ model: of, task, runtime, axes, samples: 64 })).values()];
      return Math.max(...seen.map(({ largest }) => Math.max(...largest) / Math.min(...largest.filter((value) => value > 0))));
    };
    const [before, now] = [await spread(model), await spread(found.model)];
    assert.ok(now < before / 8, `largest to smallest channel: ${before}, then ${now}`);
    assert.equal(
      await moved(
        madeModel(shape, (build, x) => build.op('Relu', [x])),
        task,
        kind,
      ),
      undefined,
    );
  });

  test(`${kind}: the integer model loses far less, and is told so`, async () => {
    const model = madeModel(shape, net);
    const task = taskOf(model, shape);
    const noise = async (options: object) => noiseOf((await quantizeStatic(model, task, runtime, options)).model, task, runtime, 'test');
    const [plain, better] = [await noise({}), await noise({ [kind]: true })];
    assert.ok(better < plain / 5, `1 - R² ${plain}, then ${better}`);
    const applied = async (options: Partial<QuantizeOptions>) =>
      (await quantize.apply({ model, task, runtime, seed: 0 }, checkOptions(quantize, { tolerance: 0.05, ...options }))).notes;
    const [never, auto] = [await applied({ [kind]: 'never', correctBias: 'never' }), await applied({})];
    assert.ok((never.facts?.floatLayers as number) > 0 || (never.facts?.loss as number) > 0.05, 'without it all integers lose too much');
    assert.equal(auto.facts?.floatLayers, 0);
    assert.match(auto.remarks?.[0] ?? '', /^Scales .* in \d+ place/);
  });
}

test('where no choice of layers is good enough, a quarter of the weights still stays integers, and that is said', async () => {
  const model = madeModel(image, wildNet);
  const task = taskOf(model, image);
  const { model: small, notes } = await quantize.apply({ model, task, runtime, seed: 0 }, checkOptions(quantize, { tolerance: 1e-9 }));
  const integers = [...small.graph.initializers].filter(({ dtype, shape }) => dtype === 'int8' && (shape?.length ?? 0) > 1);
  const weights = [...model.graph.initializers].filter(({ shape }) => (shape?.length ?? 0) > 1);
  const sizeOf = (values: readonly Value[]) => values.reduce((sum, value) => sum + (value.initializer?.size ?? 0), 0);
  assert.ok(sizeOf(integers) >= sizeOf(weights) / 4, `${sizeOf(integers)} of ${sizeOf(weights)}`);
  assert.match(notes.remarks?.join(' ') ?? '', /No choice of layers/);
});

test('channels of wildly different scale are evened out before 4 bits and what goes by the size of weights; the function stays', async () => {
  const model = madeModel(image, (build, x) => {
    const a = build.op('Relu', [build.op('Conv', [x, build.parameter('w', uneven([24, 3, 1, 1], 0, 1))])]);
    return build.op('Conv', [a, build.parameter('w', uneven([8, 24, 1, 1], 1, -1))]);
  });
  const task = taskOf(model, image);
  const even = await evened({ model, task, runtime });
  assert.match(even?.remark ?? '', /^Scales were equalized across layers, in \d place/);
  assert.ok((await noiseOf(even?.model as Model, task, runtime, 'test')) < 1e-9);
  assert.equal(await evened({ ...{ task, runtime }, model: even?.model as Model }), undefined, 'nothing is left to even out');
  const noise = async (given: { task?: Task }) =>
    noiseOf((await quantizeBlocks(model, runtime, { bits: 4, ...given })).model, task, runtime, 'test');
  const [blind, seen] = [await noise({}), await noise({ task })];
  assert.ok(seen < blind / 4, `${blind} without looking, ${seen} evened out`);
  const others = [
    [prune, { keep: 0.7, tuning: 'none', importance: 'taylor' }],
    [sparsify, { tuning: 'none', importance: 'wanda' }],
    [lowRank, { tuning: 'none', leastEnergy: 0 }],
    [weightSharing, {}],
  ] as [Technique, Options][];
  for (const [technique, options] of others) {
    const { notes } = await technique.apply({ model, task, runtime, seed: 0 }, checkOptions(technique, options));
    assert.match(notes.remarks?.join(' ') ?? '', /Scales were equalized/, technique.name);
  }
});

test('scales are not moved through bounds, out of outputs, or past what reads them otherwise', async () => {
  const conv = (build: GraphBuilder, x: Value, direction: 1 | -1, axis: number) =>
    build.op('Conv', [x, build.parameter('w', uneven([12, axis === 0 && direction === 1 ? 3 : 12, 1, 1], axis, direction))]);
  const between = (write: (build: GraphBuilder, value: Value) => Value | Value[]) =>
    madeModel(image, (build, x) => {
      const made = write(build, conv(build, x, 1, 0));
      const [value, ...outputs] = Array.isArray(made) ? made : [made];
      return [conv(build, value, -1, 1), ...outputs];
    });
  const models = {
    bounds: between((build, value) => build.op('Clip', [value, build.scalar(0), build.scalar(6)])),
    output: between((build, value) => {
      const relu = build.op('Relu', [value]);
      return [relu, relu];
    }),
    sigmoid: between((build, value) => build.op('Mul', [value, build.op('Sigmoid', [value])])),
  };
  for (const [name, model] of Object.entries(models)) assert.equal(measuredAxes(model, 'equalize').size, 0, name);
  assert.equal(
    measuredAxes(
      between((build, value) => build.op('Relu', [value])),
      'equalize',
    ).size,
    1,
  );
});

test('corrected biases take back the shift of means that 4-bit weights make', async () => {
  const model = madeModel(image, (build, x, weights) => {
    const a = build.op('Relu', [build.op('Conv', [build.op('Abs', [x]), weights([12, 3, 3, 3])], { pads: [1, 1, 1, 1] })]);
    return build.op('Conv', [a, weights([8, 12, 1, 1]), weights([8])]);
  });
  const task = taskOf(model, image);
  const means = async (of: Model) => {
    const program = await runtime.compile(of);
    const batch = await task.splits.test.read(Int32Array.from({ length: 64 }, (_, i) => i));
    const { y0 } = await program.run(feedsOf(task.feeds, batch));
    await program.dispose();
    const sums = new Float64Array(8);
    y0.toFloat32().forEach((value, i) => {
      sums[Math.floor(i / 64) % 8] += value / 4096;
    });
    return sums;
  };
  const wanted = await means(model);
  const shiftOf = async (correctBias: boolean) => {
    const { model: small } = await quantizeStatic(model, task, runtime, { weightType: 'int4', perChannel: false, correctBias });
    return (await means(small)).reduce((sum, mean, c) => sum + (mean - wanted[c]) ** 2, 0);
  };
  const [plain, corrected] = [await shiftOf(false), await shiftOf(true)];
  assert.ok(corrected < plain / 10, `squared shift ${plain}, then ${corrected}`);
});

test('peak memory depends neither on the number of samples, nor on how large a batch of their activations would be, nor on how many layers there are', () => {
  const child = fileURLToPath(new URL('./peak-memory.js', import.meta.url));
  const peak = (samples: number, layers: number) =>
    Number(execFileSync(process.execPath, [child, String(samples), String(layers)], { encoding: 'utf8' })) / 2 ** 20;
  const [few, many, deep] = [peak(4, 0), peak(64, 0), peak(4, 16)];
  assert.ok(many < few + 64, `${few} MB with 4 samples, ${many} MB with 64`);
  // The activations of 16 layers, two samples a run, are 128 MB.
  assert.ok(deep < few + 64, `${few} MB with 2 layers, ${deep} MB with 18`);
  assert.ok(many < 512, `${many} MB`);
});

const depthwise = shared('cases', 'depthwise-wild-scales');
test('a depthwise net with wild scales becomes as good as its twin, by itself and before training', {
  skip: skipWithout(depthwise, 'cases/depthwise-wild-scales'),
}, async () => {
  const source = await openDataset('digits');
  const made = async (name: string) => {
    const model = await loadModel(`${depthwise}/${name}.t.onnx`);
    const { task } = await createTask(model, source, runtime, { preprocess: '0-1' });
    const float = await evaluate(model, task, runtime, { split: 'test' });
    return { model, task, float };
  };
  const { model, task, float } = await made('mbwild');
  const { model: small, notes } = await quantize.apply({ model, task, runtime, seed: 0 }, checkOptions(quantize, {}));
  const twin = await made('mbr');
  const { model: smallTwin } = await quantize.apply({ ...twin, runtime, seed: 0 }, checkOptions(quantize, {}));
  assert.equal(notes.facts?.floatLayers, 0);
  const lossOf = async (of: Model, own: Task, before: number) => before - (await evaluate(of, own, runtime, { split: 'test' })).value;
  assert.ok((await lossOf(small, task, float.value)) <= Math.max(0.003, await lossOf(smallTwin, twin.task, twin.float.value)));
  assert.ok(footprint(model).weightBytes / footprint(small).weightBytes > 3);
  const tuned = await quantizeAwareTrain.apply(
    { model, task, runtime, seed: 0 },
    checkOptions(quantizeAwareTrain, { epochs: 1 } as Partial<AwareOptions>),
  );
  assert.ok((await lossOf(tuned.model, task, float.value)) < 0.01);
});

const outliers = shared('cases', 'transformer-outlier-channels');
test('a transformer with outlier channels answers as its float model does, with every layer in integers', {
  skip: skipWithout(outliers, 'cases/transformer-outlier-channels'),
}, async () => {
  const model = await loadModel(`${outliers}/tx2out.t.onnx`);
  const { task } = await createTask(model, await openDataset(`${outliers}/pol2s.npz`), runtime);
  const { model: small, notes } = await quantize.apply({ model, task, runtime, seed: 0 }, checkOptions(quantize, {}));
  assert.equal(notes.facts?.floatLayers, 0);
  const answers = (of: Model) => answersOf(of, task, runtime, { split: 'test' });
  const { agreement } = judge(task, await answers(small), await answers(model));
  assert.ok((agreement?.value ?? 0) >= 0.985, `agrees on ${agreement?.value}`);
});
