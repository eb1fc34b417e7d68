import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Architecture, architecture, architecturesFor } from 'espalier/architectures';
import type { Point } from 'espalier/automation';
import { OptionError } from 'espalier/base';
import { minifyModel } from 'espalier/compression/packaging';
import { quantizeStatic } from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { copyModel, encodeModel } from 'espalier/onnx';
import { growImproveShrink, type Limits, techniques } from 'espalier/strategies';
import { checkOptions } from 'espalier/technique';
import { classification, evaluate, fidelity, type Goal, type Task } from 'espalier/training';
import { smallMlp } from '../training/support.js';

const architectures = architecturesFor('image');
const runtime = createNodeRuntime({ threads: 1 });
const digits = await openDataset('digits');
after(async () => {
  await digits.close();
  await runtime.dispose();
});

const sizes = { input: [1, 8, 8], classes: 10 } as const;
const family = architecture('survey-cnn');
const original = family.build({ ...sizes, width: 0.25 });
const { task } = await createTask(original, digits, runtime, { untrained: true, splits: { calibration: 20 } });
const planWithin = (limits: Limits, given: Architecture = family) =>
  growImproveShrink.plan({
    original,
    task,
    limits,
    registry: techniques,
    epochs: 10,
    architecture: { name: given.name, width: 0.25, depth: 1, scales: given.scales },
  });

/** A point without what it says of quantization. */
function withoutQuantization(point: Point): Point {
  return Object.fromEntries(Object.entries(point).filter(([name]) => !name.startsWith('quantize')));
}

/** What the first recipes build: one model of each family, without pruning. */
function firstModels(limits: Limits) {
  const { initialPoints, recipe } = planWithin(limits);
  return initialPoints
    .filter(({ growth, prune, factorize, cluster, learn, quantize }) => {
      const isPlain = [prune, factorize, cluster].every((technique) => technique === undefined || technique === 'none');
      return growth === 1 && isPlain && learn === 'train' && quantize === 'quantize';
    })
    .map((point) => {
      const [{ options }] = recipe(point);
      const { architecture: name, width, depth } = options as { architecture: string; width: number; depth: number };
      return { name, model: architecture(name).build({ ...sizes, width, depth }) };
    });
}

async function bytesOf(model: Parameters<typeof quantizeStatic>[0], on: Task, weightType: 'int8' | 'int4' = 'int8'): Promise<number> {
  const { model: quantized } = await quantizeStatic(model, on, runtime, { threads: 1, weightType });
  return encodeModel(minifyModel(quantized)).byteLength;
}

test('every family is built as wide as its int8 file may be large', async () => {
  const maxSize = 80_000;
  const models = firstModels({ maxSize });
  assert.deepEqual(models.map(({ name }) => name).sort(), architectures.map(({ name }) => name).sort());
  assert.equal(models[0].name, 'survey-cnn', 'the given one first');
  for (const { name, model } of models) {
    const bytes = await bytesOf(model, task);
    // Trained biases take some more: they are not all alike. Widths move in steps of whole channels.
    assert.ok(bytes > 0.86 * maxSize && bytes < 0.99 * maxSize, `${name}: ${bytes}`);
  }
});

test('with 4-bit weights every family is wider, and its file as large', async () => {
  const maxSize = 60_000;
  const { initialPoints, recipe } = planWithin({ maxSize });
  const coarse = initialPoints.find((point) => point['quantize-aware-train.weightType'] === 'int4');
  assert.ok(coarse, 'tried first for one family');
  for (const { name } of architectures) {
    const steps = recipe({ ...coarse, family: name });
    const { width, depth } = steps[0].options as { width: number; depth: number };
    const bytes = await bytesOf(architecture(name).build({ ...sizes, width, depth }), task, 'int4');
    // Names of values and scales weigh more beside halved weights.
    assert.ok(bytes > 0.8 * maxSize && bytes < 0.99 * maxSize, `${name}: ${bytes}`);
    const aware = steps.find(({ technique }) => technique === 'quantize-aware-train');
    assert.equal(aware?.options.weightType, 'int4');
  }
  const quick = planWithin({ maxLatency: 1 });
  assert.equal(quick.space['quantize-aware-train.weightType'], undefined, 'there are no 4-bit kernels');
  const aware = quick.initialPoints.map((point) => ({ ...withoutQuantization(point), quantize: 'quantize-aware-train' })).at(0);
  assert.equal(quick.recipe(aware as Point).find(({ technique }) => technique === 'quantize-aware-train')?.options.weightType, undefined);
});

test('a candidate has the same epochs in all, however it spends them', () => {
  const { initialPoints, recipe } = planWithin({ maxSize: 60_000 });
  const epochsOf = (steps: ReturnType<typeof recipe>) => steps.map(({ options }) => Number(options.epochs ?? 0));
  const [usual] = initialPoints;
  const pruned = {
    prune: 'prune',
    'prune.keep': 0.5,
    'prune.importance': 'magnitude',
    'prune.tuning': 'distill',
    'prune.learningRate': 0.001,
  };
  const aware = { quantize: 'quantize-aware-train', 'quantize-aware-train.weightType': 'int8' };
  const bare = withoutQuantization(usual);
  for (const point of [...initialPoints, { ...bare, ...aware }, { ...bare, ...pruned, ...aware }, { ...usual, ...pruned }]) {
    const spent = epochsOf(recipe(point));
    assert.equal(
      spent.reduce((a, b) => a + b, 0),
      10,
      `${JSON.stringify(point)}: ${spent}`,
    );
  }
  const parts = (epochs: number) => {
    const short = growImproveShrink.plan({ original, task, limits: {}, registry: techniques, epochs });
    return epochsOf(short.recipe({ ...bare, ...pruned, ...aware })).filter((n) => n > 0);
  };
  assert.deepEqual([10, 5, 3, 1].map(parts), [
    [5, 3, 2],
    [3, 1, 1],
    [1, 1, 1],
    [1, 1, 1],
  ]);
});

test('limits on the work count as well; families that do not fit are left out', () => {
  const maxMacs = 150_000;
  for (const { name, model } of firstModels({ maxMacs })) {
    const { macs } = footprint(model);
    assert.ok(macs <= maxMacs && macs > 0.5 * maxMacs, `${name}: ${macs}`);
  }
  const small = firstModels({ maxSize: 12_000 }).map(({ name }) => name);
  assert.ok(small.includes('resnet-8') && !small.includes('mobilenet'), small.join());
  assert.throws(
    () => planWithin({ maxSize: 1000 }),
    (error) => error instanceof OptionError && /architecture is that small/.test(error.message),
  );
});

test('without a limit the int8 file may be as large as the float file that was asked for', async () => {
  const [{ model }] = firstModels({});
  const bytes = await bytesOf(model, task);
  const asked = encodeModel(original).byteLength;
  assert.ok(bytes > 0.86 * asked && bytes < asked, `${bytes} of ${asked}`);
});

test('photos may be looked at mirrored as well, where work costs nothing', () => {
  const [input] = task.splits.train.inputs;
  const train = Object.create(task.splits.train, { inputs: { value: [{ ...input, shape: [8, 8, 3] }] } });
  const photos: Task = { ...task, splits: { ...task.splits, train } };
  const colour = family.build({ ...sizes, input: [3, 8, 8], width: 0.25 });
  const plan = (given: Task, limits: Limits) =>
    growImproveShrink.plan({ original: colour, task: given, limits, registry: techniques, epochs: 10 });
  const looks = ({ space }: ReturnType<typeof plan>) => space.ensemble;
  assert.deepEqual(looks(plan(photos, { maxSize: 80_000 })), { type: 'categorical', choices: ['none', 'flip-ensemble'] });
  assert.deepEqual(looks(plan(photos, { maxSize: 80_000, maxMacs: 1e6 })), undefined);
  assert.deepEqual(looks(plan(task, { maxSize: 80_000 })), undefined, 'gray images are mostly writing');
  const { initialPoints, recipe } = plan(photos, { maxSize: 80_000 });
  const mirrored = initialPoints
    .filter(({ ensemble }) => ensemble === 'flip-ensemble')
    .map((point) => recipe(point).map(({ technique }) => technique));
  assert.deepEqual(mirrored.at(0)?.slice(-3), ['quantize-aware-train', 'flip-ensemble', 'minify']);
});

test('families may be chosen, the likeliest first', () => {
  const plan = (families: string[]) =>
    growImproveShrink.plan({ original, task, limits: { maxSize: 80_000 }, registry: techniques, epochs: 10, families });
  const { space, initialPoints } = plan(['fast-cnn', 'resnet-8']);
  assert.deepEqual(space.family, { type: 'categorical', choices: ['fast-cnn', 'resnet-8'] });
  assert.equal(initialPoints[0].family, 'fast-cnn');
  const { remarks } = growImproveShrink.plan({
    original,
    task,
    limits: { maxSize: 12_000 },
    registry: techniques,
    epochs: 10,
    families: ['mobilenet', 'resnet-8'],
  });
  assert.match(remarks.join(), /^mobilenet is left out/);
  assert.throws(
    () => plan(['resnet-9']),
    (error) => error instanceof OptionError && /no architecture "resnet-9"/.test(error.message),
  );
});

test('a family brings its own preparation and training; every recipe ends with short names', () => {
  const { initialPoints, recipe } = planWithin({ maxSize: 80_000 });
  const steps = initialPoints.map(recipe);
  for (const each of steps) assert.equal(each.at(-1)?.technique, 'minify');
  const fast = steps.find(([{ options }]) => options.architecture === 'fast-cnn');
  assert.deepEqual(
    fast?.map(({ technique }) => technique),
    ['build', 'whiten', 'train', 'quantize', 'minify'],
  );
  assert.deepEqual(fast?.[2].options.freeze, ['conv1.weight', '*.scale']);
  assert.ok(steps.some((each) => each.some(({ technique }) => technique === 'distill')));
});

test('a finished model: families stand in for it under its names, and learn from it', async () => {
  const finished = copyModel(original);
  for (const value of finished.graph.values()) if (value.name === 'conv1_out') value.name = 'first';
  finished.graph.inputs[0].name = 'pixels';
  finished.graph.outputs[0].name = 'conv1_out';
  const { task: given } = await createTask(finished, digits, runtime, { untrained: true });
  const plan = growImproveShrink.plan({ original: finished, task: given, limits: {}, registry: techniques, epochs: 10 });
  const [step] = plan.recipe(plan.initialPoints[0]);
  const build = techniques.get(step.technique);
  const { model } = await build.apply({ model: finished, task: given, runtime, seed: 1 }, checkOptions(build, step.options));
  assert.deepEqual(
    [...model.graph.inputs, ...model.graph.outputs].map(({ name }) => name),
    ['pixels', 'conv1_out'],
  );
  const names = [...model.graph.values()].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const { value } = await evaluate(model, given, runtime);
  assert.ok(value >= 0 && value < 0.4, 'untrained');
});

test('what no family can stand in for is refused in words', () => {
  const { name, splits, feeds } = task;
  const plan = (goal: Goal) =>
    growImproveShrink.plan({ original, task: { name, splits, feeds, ...goal }, limits: {}, registry: techniques, epochs: 10 });
  assert.throws(() => plan(fidelity({ reference: original, outputs: task.outputs })), /without labels.*shrink-and-improve/s);
  const [output] = task.outputs;
  assert.throws(() => plan(classification({ output, classes: ['a', 'b'], single: 'logit' })), /2 classes, by an output of another form/);
  assert.throws(
    () => growImproveShrink.plan({ original: smallMlp(), task, limits: {}, registry: techniques, epochs: 10 }),
    (error) => error instanceof OptionError && /for images/.test(error.message),
  );
});

test('blocks, depths, kernels and resolutions are searched where a family has them, each as wide as fits', async () => {
  const maxSize = 40_000;
  const { space, initialPoints, recipe } = planWithin({ maxSize });
  assert.deepEqual(space.kernel, {
    type: 'categorical',
    choices: [3, 5, 7],
    when: { family: ['survey-cnn', 'resnet-8', 'resnet-20', 'mobilenet', 'fast-cnn'] },
  });
  assert.deepEqual(space['block.resnet-8'], { type: 'categorical', choices: ['basic', 'separable'], when: { family: 'resnet-8' } });
  assert.equal(space.binning, undefined, 'digits of 8×8 pixels are not binned');
  const published = initialPoints.find((point) => point.family === 'resnet-8') as Point;
  assert.deepEqual(
    Object.keys(recipe(published)[0].options).sort(),
    ['architecture', 'depth', 'width'],
    'what is published is not spelt out',
  );
  const shapes: Point[] = [
    { kernel: 5 },
    { 'block.resnet-8': 'separable' },
    { depth: 2 },
    { kernel: 7, 'block.resnet-8': 'separable', depth: 1.5 },
  ];
  for (const shape of shapes) {
    const [{ options }] = recipe({ ...published, ...shape });
    const model = architecture('resnet-8').build({ ...sizes, ...(options as { width: number }) });
    const bytes = await bytesOf(model, task);
    assert.ok(bytes > 0.75 * maxSize && bytes < 0.99 * maxSize, `${JSON.stringify(shape)}: ${bytes}`);
  }
  const { task: large } = await createTask(family.build({ ...sizes, input: [1, 16, 16] }), digits, runtime, {
    untrained: true,
    splits: { calibration: 20 },
  });
  const wider = family.build({ ...sizes, input: [1, 16, 16], width: 0.25 });
  const binned = growImproveShrink.plan({ original: wider, task: large, limits: { maxSize }, registry: techniques, epochs: 10 });
  assert.deepEqual('choices' in binned.space.binning && binned.space.binning.choices, [1, 2]);
});

test('what breaks a limit whatever comes of its training is not worth a trial; what pruning may save is', () => {
  const limits: [Limits, keyof Limits][] = [
    [{ maxSize: 30_000 }, 'maxSize'],
    [{ maxMacs: 200_000 }, 'maxMacs'],
    [{ maxRam: 2000 }, 'maxRam'],
    [{ maxMemory: 8000 }, 'maxMemory'],
  ];
  for (const [within, name] of limits) {
    const { initialPoints, admits } = planWithin(within);
    assert.ok(
      initialPoints.every((point) => admits?.(point, within)),
      `${name}: what is tried first keeps it`,
    );
    const [usual] = initialPoints;
    if (name === 'maxSize' || name === 'maxMacs') assert.equal(admits?.({ ...usual, growth: 3 }, within), false, name);
    const tighter = { [name]: (within[name] as number) / 20 };
    assert.equal(admits?.(usual, tighter), false, `${name}: a limit that was tightened in mid-run`);
  }
  const within = { maxSize: 30_000 };
  const { initialPoints, admits } = planWithin(within);
  const pruned = initialPoints.find((point) => point.prune === 'prune') as Point;
  assert.equal(admits?.({ ...pruned, growth: 2, 'prune.keep': 0.2 }, within), true);
  assert.equal(admits?.({ ...pruned, growth: 3, 'prune.keep': 0.9 }, within), false);
});
