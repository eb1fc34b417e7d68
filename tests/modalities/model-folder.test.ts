import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { arrayDataset, type DataTensor, textDataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { openModel } from 'espalier/modalities/node';
import { Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { evaluate } from 'espalier/training';
import { fixture } from '../support/paths.js';

async function folderOf(t: TestContext, model: Model, files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'onnx'));
  await saveModel(model, join(folder, 'onnx', 'model.onnx'));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

function builder(name: string) {
  const model = new Model(new Graph(name), 17);
  return { model, build: typedBuilder(model.graph, model.opsets) };
}

/** Scores texts by which of two words they hold: ids 5 ("cat") for class 1, 18 ("cafe") for class 0, as the tokenizer's vocabulary numbers them. */
function wordModel(): Model {
  const { model, build } = builder('words');
  const shape = [SymbolicDim.named('N'), SymbolicDim.named('L')];
  const ids = build.input('input_ids', 'int64', shape);
  const mask = build.input('attention_mask', 'int64', shape);
  const table = new Float32Array(19 * 2);
  table[2 * 5 + 1] = 1;
  table[2 * 18] = 1;
  // Padding would count for class 0 if the mask did not hide it.
  table[0] = 1;
  const words = build.op('Gather', [build.parameter('table', Tensor.of('float32', [19, 2], table)), ids]);
  const present = build.op('Unsqueeze', [build.op('Cast', [mask], { to: 1 }), build.ints([2])]);
  build.output(build.op('ReduceSum', [build.op('Mul', [words, present]), build.ints([1])], { keepdims: 0 }), 'logits');
  return model;
}

test('a text model folder: tokens for each input, names of classes, and the score that these give', async (t) => {
  const folder = await folderOf(t, wordModel(), { 'config.json': { id2label: { 0: 'drink', 1: 'pet' } } });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) await copyFile(fixture('tables', name), join(folder, name));
  const runtime = createNodeRuntime();
  t.after(() => runtime.dispose());
  const texts = Array.from({ length: 60 }, (_, i) => (i % 2 ? `the Cat sat ${i}` : `a CAFÉ ${i}`));
  const targets = { kind: 'class', classes: ['pet', 'drink'], values: Int32Array.from(texts, (_, i) => (i % 2 ? 0 : 1)) } as const;
  const source = { name: 'texts', format: 'memory', train: textDataset('texts', texts, targets), close: async () => undefined };
  const model = await openModel(folder);
  const { task, explanation } = await createTask(model, source, runtime);
  assert.deepEqual(
    task.feeds.map(({ input, preprocess }) => [input, preprocess.name]),
    [
      ['input_ids', 'tokenizer.json ids'],
      ['attention_mask', 'tokenizer.json mask'],
    ],
  );
  assert.deepEqual(task.parts, ['drink', 'pet']);
  assert.match(explanation, /tokenizer\.json ids, tokenizer\.json mask/);
  assert.equal((await evaluate(model, task, runtime, { split: 'test' })).value, 1);
});

/** Class 1 where (the mean of red, scaled by the folder's own numbers) is above 0, else class 0. */
function redModel(): Model {
  const { model, build } = builder('red');
  const image = build.input('pixel_values', 'float32', [SymbolicDim.named('N'), 3, 2, 2]);
  const means = build.op('Flatten', [build.op('GlobalAveragePool', [image])], { axis: 1 });
  const weights = build.parameter('weight', Tensor.of('float32', [3, 2], Float32Array.of(-1, 1, 0, 0, 0, 0)));
  build.output(build.op('MatMul', [means, weights]), 'logits');
  return model;
}

test('an image model folder: its preprocessing is tried first and wins by the score', async (t) => {
  const config = {
    do_resize: true,
    size: { height: 2, width: 2 },
    rescale_factor: 1 / 255,
    image_mean: [0.9, 0.1, 0.1],
    image_std: [0.05, 1, 1],
  };
  const folder = await folderOf(t, redModel(), { 'preprocessor_config.json': config });
  const runtime = createNodeRuntime();
  t.after(() => runtime.dispose());
  // The border is at 0.9 * 255: no usual scaling puts its zero there, nor is it the mean of this data.
  const values = Int32Array.from({ length: 80 }, (_, i) => i % 2);
  const data = Uint8Array.from({ length: 80 * 12 }, (_, i) => (i % 3 === 0 ? [100, 235, 225, 235][Math.floor(i / 12) % 4] : 50));
  const inputs = { image: { type: 'uint8' as const, shape: [80, 2, 2, 3], data } };
  const kinds = { image: { kind: 'image' as const, range: [0, 255] as const } };
  const targets = { kind: 'class', classes: ['dark', 'red'], values } as const;
  const source = {
    name: 'reds',
    format: 'memory',
    train: arrayDataset({ name: 'reds', inputs, kinds, targets }),
    close: async () => undefined,
  };
  const model = await openModel(folder);
  const { task, explanation, tried } = await createTask(model, source, runtime);
  assert.equal(task.feeds[0].preprocess.name, 'preprocessor_config.json');
  assert.match(explanation, /preprocessor_config\.json, the best of \d+ tried/);
  assert.ok(tried.length > 3 && tried[0].value === 1 && tried[1].value < 1);
});

test('damaged JSON in a folder is an error, a folder without a model says what it looks for', async (t) => {
  const folder = await folderOf(t, redModel(), { 'config.json': '{"id2label":' });
  await assert.rejects(openModel(folder), /config\.json: This is no JSON/);
  await rm(join(folder, 'onnx'), { recursive: true });
  await assert.rejects(openModel(folder), /holds no model.*onnx\/model\.onnx or model\.onnx/);
});

test('problem_type says what a model is for, where the data could be read in two ways; else it is the data that does', async (t) => {
  const runtime = createNodeRuntime();
  t.after(() => runtime.dispose());
  const { model: scores, build } = builder('scores');
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 2]);
  build.output(build.op('Identity', [x]), 'scores');
  const data: DataTensor = { type: 'float32', shape: [60, 2], data: Float32Array.from({ length: 120 }, (_, i) => ((i * 7) % 11) - 5) };
  const found = async (model: Model, config: object, classes: readonly string[]) => {
    const targets = { kind: 'class', classes, values: Int32Array.from({ length: 60 }, (_, i) => i % 2) } as const;
    const train = arrayDataset({ name: 'rows', inputs: { x: data }, targets });
    const opened = await openModel(await folderOf(t, model, { 'config.json': config }));
    const { task, explanation } = await createTask(
      opened,
      { name: 'rows', format: 'memory', train, close: async () => undefined },
      runtime,
    );
    return { kind: task.kind, parts: task.parts, targets: task.splits.train.targets, explanation };
  };
  const names = { id2label: { 0: 'warm', 1: 'cold' } };
  const several = await found(scores, { ...names, problem_type: 'multi_label_classification' }, ['cold', 'warm']);
  assert.deepEqual([several.kind, several.parts], ['multi-label', ['warm', 'cold']]);
  assert.match(several.explanation, /because the model's config\.json says so \(problem_type "multi_label_classification"\)/);
  assert.ok(several.targets?.kind === 'labels');
  const single = await found(scores, { ...names, problem_type: 'single_label_classification' }, ['cold', 'warm']);
  assert.equal(single.kind, 'classification');
  assert.equal((await found(scores, { problem_type: 'something' }, ['cold', 'warm'])).kind, 'classification');
  // Names that are no numbers cannot be predicted as such.
  assert.equal((await found(scores, { problem_type: 'regression' }, ['cold', 'warm'])).kind, 'classification');
  const { model: one, build: narrow } = builder('one');
  const input = narrow.input('x', 'float32', [SymbolicDim.named('N'), 2]);
  narrow.output(narrow.op('ReduceSum', [input, narrow.ints([1])], { keepdims: 1 }), 'score');
  assert.equal((await found(one, {}, ['0', '1'])).kind, 'classification');
  const stars = await found(one, { problem_type: 'regression' }, ['0', '1']);
  assert.deepEqual([stars.kind, stars.targets?.kind], ['regression', 'numbers']);
});
