import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type Prediction, predictor } from 'espalier/modalities';
import { openDataset } from 'espalier/modalities/node';
import { loadModel } from 'espalier/onnx/node';
import { inferShapes } from 'espalier/ops';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp, { type Sharp } from 'sharp';
import { oriented } from '../data/node/photos.js';
import { espalier } from './run.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const run = (line: string) => espalier(line.split(' '), { cwd: folder });
const runtime = createNodeRuntime({ threads: 1 });

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-predict-'));
  for (const line of [
    'sample image -o photos',
    'sample table -o flats',
    'sample text -o reviews',
    'train --arch survey-cnn --width 0.25 --data photos --epochs 6 --batch-size 64 --threads 1 -o digits.onnx',
    'train --arch mlp --width 0.25 --data flats/flats.csv --epochs 5 --threads 1 -o prices.onnx',
    'train --arch text-bag --width 0.25 --data reviews --epochs 8 --threads 1 -o reviews.onnx',
  ]) {
    const { code, stderr } = await run(line);
    assert.equal(code, 0, `${line}: ${stderr}`);
  }
});
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Document {
  schema: string;
  model: string;
  task: string;
  files: { file: string; samples: (Prediction & { file?: string })[] }[];
}

async function json(line: string): Promise<Document> {
  const { code, stdout, stderr } = await run(`${line} --threads 1 --json`);
  assert.equal(code, 0, stderr);
  const document = JSON.parse(stdout);
  assert.equal(document.schema, 'espalier/predict@1');
  return document;
}

const surest = ({ answers }: Prediction) => answers[0].name;
const near = (a: number, b: number, tolerance: number) => assert.ok(Math.abs(a - b) < tolerance, `${a} is not near ${b}`);

test('a folder of images: the answers make up the confusion that eval states, and their probabilities are a softmax of what ONNX Runtime gives', async () => {
  const evaluated = await run('eval digits.onnx --data photos --threads 1 --json');
  const { confusion, classes, preprocess } = JSON.parse(evaluated.stdout);
  const { files, task } = await json(`predict digits.onnx ${classes.map((name: string) => `photos/test/${name}`).join(' ')}`);
  assert.equal(task, 'classification, 10 classes');
  const counted = files.map(({ samples }) => classes.map((name: string) => samples.filter((each) => surest(each) === name).length));
  assert.deepEqual(counted, confusion);

  const session = await InferenceSession.create(at('digits.onnx'));
  const { scale = 1, mean = [0], std = [1] } = preprocess[0].preprocess;
  const [first] = readdirSync(at('photos', 'test', '3')).sort();
  const gray = await sharp(at('photos', 'test', '3', first))
    .extractChannel(0)
    .raw()
    .toBuffer();
  const prepared = Float32Array.from(gray, (value) => (value * scale - mean[0]) / std[0]);
  const scores = (await session.run({ [session.inputNames[0]]: new Tensor('float32', prepared, [1, 1, 8, 8]) }))[session.outputNames[0]];
  const powers = Array.from(scores.data as Float32Array, Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  const { answers, file } = files[3].samples[0];
  assert.equal(file, first);
  assert.equal(answers.length, 10);
  for (const { name, value } of answers) near(value, powers[classes.indexOf(name)] / sum, 1e-5);
  assert.deepEqual(
    answers.map(({ value }) => value),
    answers.map(({ value }) => value).sort((a, b) => b - a),
  );

  copyFileSync(at('photos', 'test', '3', first), at('three.png'));
  const one = await run('predict digits.onnx three.png --top 2 --threads 1');
  assert.equal(
    one.stdout,
    `three.png: ${answers
      .slice(0, 2)
      .map(({ name, value }) => `${name} ${(100 * value).toFixed(1)}%`)
      .join(', ')}\n`,
  );
});

test('rows of a table: with the target column and without, as many numbers as ONNX Runtime gives for the rows', async () => {
  const lines = readFileSync(at('flats', 'flats.csv'), 'utf8').trim().split('\n');
  const whole = lines.slice(1).filter((line) => !line.split(',').includes(''));
  const rows = whole.slice(0, 5).map((line) => line.split(','));
  writeFileSync(at('rows.csv'), [lines[0], ...rows].join('\n'));
  writeFileSync(at('bare.csv'), [lines[0], ...rows].map((row) => String(row).split(',').slice(0, 4).join(',')).join('\n'));
  const { files, task } = await json('predict prices.onnx rows.csv bare.csv');
  assert.equal(task, 'regression of price');
  assert.deepEqual(files[0].samples, files[1].samples);
  assert.equal(files[0].samples.length, 5);

  const session = await InferenceSession.create(at('prices.onnx'));
  // Categories are one-hot in their sorted order, behind the numbers that stand before them.
  const districts = ['harbour', 'hills', 'north', 'old town'];
  const features = rows.flatMap(([area, rooms, year, district]) => [
    ...[area, rooms, year].map(Number),
    ...districts.map((each) => Number(each === district)),
  ]);
  const outputs = await session.run({ [session.inputNames[0]]: new Tensor('float32', Float32Array.from(features), [5, 7]) });
  const prices = outputs[session.outputNames[0]].data as Float32Array;
  for (const [i, { answers }] of files[0].samples.entries()) {
    assert.deepEqual([answers.length, answers[0].name], [1, 'price']);
    near(answers[0].value / prices[i], 1, 1e-5);
    near(answers[0].value / Number(rows[i][4]), 1, 0.7);
  }
});

test('texts: a line each, answered as eval does', async () => {
  const { files } = await json('predict reviews.onnx reviews/negative.txt reviews/positive.txt');
  assert.deepEqual(
    files.map(({ samples }) => samples.length),
    [300, 300],
  );
  const right = files.map(({ samples }, label) => samples.filter((each) => surest(each) === ['negative', 'positive'][label]).length);
  const model = loadModel(at('reviews.onnx'));
  inferShapes(model);
  const made = await predictor(model, runtime);
  const { train } = await openDataset(at('reviews'));
  const labels = train.targets?.kind === 'class' ? train.targets.values : assert.fail('no classes');
  let hits = 0;
  let row = 0;
  for await (const prediction of made.predictAll(train)) hits += Number(surest(prediction) === made.parts[labels[row++]]);
  assert.deepEqual([row, hits], [600, right[0] + right[1]]);
  assert.ok(hits > 400, `${hits} of 600`);
  const [text] = readFileSync(at('reviews', 'positive.txt'), 'utf8').split('\n');
  const alone = await made.predict(text);
  assert.deepEqual(
    alone.answers.map(({ name }) => name),
    files[1].samples[0].answers.map(({ name }) => name),
  );
  near(alone.answers[0].value, files[1].samples[0].answers[0].value, 1e-5);
  assert.equal((await made.predict('')).answers.length, 2);
  await assert.rejects(made.predict(7), /no sample of texts.*a string.*got number/is);
  await made.dispose();
});

test('a photo that was taken sideways is answered as the upright one, and with --no-exif as it is stored', async () => {
  const upright = sharp(at('three.png'));
  const jpeg = (image: Sharp) => image.jpeg({ quality: 100 }).toBuffer();
  writeFileSync(at('upright.jpg'), await jpeg(upright.clone()));
  // Stored turned to the left: to be seen upright it is turned to the right, which is orientation 6.
  const stored = await jpeg(upright.clone().rotate(270));
  writeFileSync(at('sideways.jpg'), oriented(stored, 6));
  writeFileSync(at('stored.jpg'), stored);
  const answersOf = async (line: string) =>
    Object.fromEntries((await json(line)).files[0].samples[0].answers.map(({ name, value }) => [name, value]));
  const [wanted, turned] = [await answersOf('predict digits.onnx upright.jpg'), await answersOf('predict digits.onnx sideways.jpg')];
  for (const [name, value] of Object.entries(turned)) near(value, wanted[name], 0.02);
  const left = await answersOf('predict digits.onnx sideways.jpg --no-exif');
  assert.deepEqual(left, await answersOf('predict digits.onnx stored.jpg'));
  assert.ok(Math.abs(left['3'] - turned['3']) > 0.1, 'lying on its side a three is less of a three');
});

test('files that cannot be read, or are of another kind, are named; among many good ones they are left out with a warning', async () => {
  writeFileSync(at('bad.png'), 'no image');
  mkdirSync(at('mostly'));
  for (const file of readdirSync(at('photos', 'test', '3'))) copyFileSync(at('photos', 'test', '3', file), at('mostly', file));
  const count = readdirSync(at('mostly')).length;
  copyFileSync(at('bad.png'), at('mostly', 'bad.png'));
  const mostly = await run('predict digits.onnx mostly --threads 1 --json');
  assert.equal(mostly.code, 0);
  assert.match(mostly.stderr, /1 image\(s\) could not be read.*bad\.png/);
  assert.equal(JSON.parse(mostly.stdout).files[0].samples.length, count);
  for (const [line, message] of [
    ['predict digits.onnx three.png bad.png', /bad\.png/],
    ['predict digits.onnx none.png', /none\.png.*no such file/],
    ['predict none.onnx three.png', /none\.onnx/],
    ['predict prices.onnx three.png', /do not fit the model.*8, 8, 1/],
    ['predict digits.onnx rows.csv', /do not fit the model/],
    ['predict prices.onnx rows.csv --columns area', /Expected 4: area, rooms, year, district, got 1/],
  ] as const) {
    const { code, stderr } = await run(line);
    assert.equal(code, 1, line);
    assert.match(stderr, message, line);
    assert.doesNotMatch(stderr, /defect/, line);
  }
});

test('one bad file among several does not keep the others from being answered, and the exit code says that there was one', async () => {
  writeFileSync(at('bad.png'), 'no image');
  const line = 'predict digits.onnx three.png bad.png none.png three.png --threads 1';
  const { code, stdout, stderr } = await run(`${line} --quiet`);
  assert.equal(code, 1);
  assert.equal(stdout.match(/^three\.png: /gm)?.length, 2, stdout);
  assert.match(stderr, /^error: .*bad\.png.*\nerror: .*none\.png.*no such file.*\nerror: 2 of 4 files could not be answered\.?\n$/);
  const documented = await run(`${line} --json`);
  assert.equal(documented.code, 1);
  const { files, failed } = JSON.parse(documented.stdout);
  assert.deepEqual([files.length, failed.map(({ file }: { file: string }) => file)], [2, ['bad.png', 'none.png']]);
  assert.match(failed[1].error.message, /no such file/);
  const none = await run('predict digits.onnx bad.png none.png --threads 1');
  assert.deepEqual([none.code, none.stdout], [1, '']);
});

test('a model that does not say what it is for is refused with what to do; a sample of another kind by its type', async () => {
  const model = loadModel(at('digits.onnx'));
  inferShapes(model);
  const made = await predictor(model, runtime);
  assert.deepEqual([made.title, made.parts.length, made.inputs[0].kind], ['classification, 10 classes', 10, 'image']);
  await assert.rejects(made.predict('three'), /no sample of images.*got string/is);
  await assert.rejects(made.predict(null), /got null/i);
  await made.dispose();
  model.metadata.clear();
  await assert.rejects(predictor(model, runtime), (error) => error instanceof OptionError && /espalier apply minify/.test(error.message));
});
