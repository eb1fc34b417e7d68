import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { arrayDataset, classTargets, type Dataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask, type TaskOptions } from 'espalier/modalities';
import { type Model, Tensor } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { concerns, evaluate, permutedClasses } from 'espalier/training';
import { classOrders } from '#dist/modalities/setup/class-orders.js';
import { labelsOfModel } from '#dist/modalities/setup/model-labels.js';
import { espalier } from '../cli/run.js';
import { classesOf, sourceOf } from '../data/support.js';
import { shared, skipWithout } from '../support/paths.js';
import { modelOf } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-classes-'));
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** As folders 1 … 12 are read: in plain string order. */
const SORTED = ['1', '10', '11', '12', '2', '3', '4', '5', '6', '7', '8', '9'];
const COUNTED = Array.from({ length: 12 }, (_, i) => String(i + 1));
const ANIMALS = ['ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu', 'hen', 'ibex', 'jay', 'koi', 'lynx'];

/** Samples in which feature `meaning[class]` is the largest, classes taking turns. */
function dataOf(classes: readonly string[], meaning: (name: string) => number, size = 480): Dataset {
  const random = new Random('orders');
  const labels = Int32Array.from({ length: size }, (_, i) => i % classes.length);
  const data = Float32Array.from({ length: size * 12 }, (_, i) => {
    const isOwn = meaning(classes[labels[Math.floor(i / 12)]]) === i % 12;
    return 0.2 * random.normal() + Number(isOwn);
  });
  return arrayDataset({
    name: 'orders',
    inputs: { x: { type: 'float32', shape: [size, 12], data, kind: 'features' } },
    targets: classTargets(labels, classes),
  });
}

/** Scores each feature: its output i is the class that feature i means. */
function identity(): Model {
  return modelOf([12], (build, x) => {
    const weight = Float32Array.from({ length: 144 }, (_, i) => (i % 13 === 0 ? 10 : 0));
    return build.op('MatMul', [x, build.parameter('weight', Tensor.of('float32', [12, 12], weight))]);
  });
}

const setUp = (model: Model, train: Dataset, options: TaskOptions = {}) =>
  createTask(model, sourceOf(train), runtime, { preprocess: 'raw', ...options });

test('names that are numbers: the model tells whether they were counted or sorted as texts', async () => {
  const numbered = dataOf(SORTED, (name) => Number(name) - 1);
  const counted = await setUp(identity(), numbered);
  assert.deepEqual(counted.task.parts, COUNTED);
  assert.match(counted.explanation, /classes are taken in the order of the numbers, because the model is best with that/);
  for (const part of Object.values(counted.task.splits)) assert.deepEqual(classesOf(part).classes, COUNTED);
  const quality = await evaluate(identity(), counted.task, runtime, { split: 'test' });
  assert.ok(quality.value > 0.9, `${quality.value}`);

  const sorted = await setUp(
    identity(),
    dataOf(SORTED, (name) => SORTED.indexOf(name)),
  );
  assert.deepEqual(sorted.task.parts, SORTED);
  assert.doesNotMatch(sorted.explanation, /order of the numbers/);

  const given = await setUp(identity(), numbered, { classesGiven: true });
  assert.deepEqual(given.task.parts, SORTED, 'an order that was typed stays');
});

test("the model's own list of labels settles the order, whoever wrote it and however", async () => {
  const reversed = [...ANIMALS].reverse();
  const train = dataOf(ANIMALS, (name) => reversed.indexOf(name));
  const python = `{${reversed.map((name, i) => `${i}: '${name}'`).join(', ')}}`;
  const lists: [string, string][] = [
    ['espalier.classes', JSON.stringify(reversed)],
    ['names', python],
    ['id2label', JSON.stringify(Object.fromEntries(reversed.map((name, i) => [i, name])))],
    ['classes', reversed.map((name) => name.toUpperCase()).join(',')],
    ['class_names', `['${reversed.join("', '")}']`],
  ];
  for (const [key, text] of lists) {
    const model = identity();
    model.metadata.set(key, text);
    const { task, explanation } = await setUp(model, train);
    assert.deepEqual(task.parts, reversed, `${key}: ${text}`);
    assert.ok((await evaluate(model, task, runtime, { split: 'test' })).value > 0.9, key);
    assert.match(explanation, /Task: classification, 12 classes/);
  }
  for (const text of ['["ant", "bee"]', 'nothing', '{"0": "ant"', JSON.stringify([...reversed.slice(1), 'zebra'])]) {
    const model = identity();
    model.metadata.set('classes', text);
    assert.deepEqual((await setUp(model, train)).task.parts, ANIMALS, `${text} does not name the data's classes`);
  }
});

test('a ZipMap lists the labels as well', async () => {
  const reversed = [...ANIMALS].reverse();
  const model = modelOf([12], (build, x) => {
    build.node('ZipMap', [x], { classlabels_strings: reversed }, { domain: 'ai.onnx.ml' });
    return x;
  });
  assert.deepEqual(labelsOfModel(model), { labels: reversed, from: "as the model's ZipMap lists them" });
  assert.equal(labelsOfModel(identity()), undefined);
  const train = dataOf(ANIMALS, (name) => reversed.indexOf(name));
  const [order, ...more] = classOrders(model, (await setUp(identity(), train)).task);
  assert.deepEqual([order.classes, more], [reversed, []]);
});

test('a permuted confusion gives the --classes line, which mends it when it is typed', async () => {
  const order = ['koi', 'lynx', ...ANIMALS.slice(0, 10)];
  const train = dataOf(ANIMALS, (name) => order.indexOf(name));
  const { task } = await setUp(identity(), train);
  const quality = await evaluate(identity(), task, runtime, { split: 'test' });
  assert.ok(quality.value < 0.1, `${quality.value}`);
  const found = permutedClasses(quality, task);
  assert.deepEqual(found?.classes, order);
  assert.ok((found?.accuracy ?? 0) > 0.9);
  assert.ok(concerns(quality, task).some((text) => text.includes(`--classes ${order.join(',')}`)));
  const right = await setUp(
    identity(),
    dataOf(order, (name) => order.indexOf(name)),
  );
  const good = await evaluate(identity(), right.task, runtime, { split: 'test' });
  assert.equal(permutedClasses(good, right.task), undefined);
  assert.deepEqual(concerns(good, right.task), []);
});

/** The `--classes ...` of a message, as a shell reads it. */
function advised(text: string): string {
  const [, list] = /try --classes ((?:"[^"]*"|[\w.-]+)(?:,(?:"[^"]*"|[\w.-]+))*)/.exec(text) ?? [];
  assert.ok(list, text);
  return list.replaceAll('"', '');
}

test('on the command line the advice is said, and works as it stands', async () => {
  const order = ['koi', 'lynx', ...ANIMALS.slice(0, 10)];
  const train = dataOf(ANIMALS, (name) => order.indexOf(name), 600);
  const { inputs } = await train.read(Int32Array.from({ length: 600 }, (_, i) => i));
  const { values } = classesOf(train);
  const rows = Array.from(values, (label, i) =>
    [...(inputs.x.data as Float32Array).subarray(12 * i, 12 * i + 12), ANIMALS[label]].join(','),
  );
  writeFileSync(join(folder, 'animals.csv'), `${rows.join('\n')}\n`);
  await saveModel(identity(), join(folder, 'net.onnx'));
  const line = ['eval', 'net.onnx', '--data', 'animals.csv', '--preprocess', 'raw', '--json'];
  const wrong = await espalier(line, { cwd: folder });
  assert.equal(wrong.code, 0, wrong.stderr);
  const right = await espalier([...line, '--classes', advised(wrong.stderr)], { cwd: folder });
  assert.equal(right.code, 0, right.stderr);
  assert.doesNotMatch(right.stderr, /--classes/);
  assert.ok(JSON.parse(right.stdout).value > 0.95, right.stdout);
});

const cases = shared('cases', 'class-order');
test('half.onnx, swap.onnx and nat.onnx: the order is found, or the line that mends it', {
  skip: skipWithout(cases, 'class-order'),
}, async () => {
  const at = (name: string) => join(cases as string, name);
  const evalOf = async (model: string, data: string, more: string[] = []) => {
    const ran = await espalier(['eval', at(model), '--data', data, '--preprocess', '0-1', '--json', ...more], { cwd: folder });
    assert.equal(ran.code, 0, ran.stderr);
    return { ...ran, value: JSON.parse(ran.stdout).value as number };
  };
  assert.ok((await evalOf('nat.onnx', at('nat.tar'))).value > 0.9, 'folders 1 … 12 in the order of the numbers');
  for (const [model, data] of [
    ['half.onnx', at('i_png.tar')],
    ['swap.onnx', 'digits'],
  ]) {
    const wrong = await evalOf(model, data);
    const right = await evalOf(model, data, ['--classes', advised(wrong.stderr)]);
    assert.ok(right.value > wrong.value + 0.2, `${model}: ${wrong.value} to ${right.value}`);
    assert.doesNotMatch(right.stderr, /--classes/);
  }
});
