import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FormatError, Stopped } from 'espalier/base';
import { openDataset } from 'espalier/data/node';
import { encodeTflite } from 'espalier/formats';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel } from 'espalier/onnx';
import { TimeLeft } from 'espalier/training';
import sharp from 'sharp';
import { type DecodeImage, openData, openModel, quantizeModel, type TuneProgress, tuneModel, viewModel } from '#dist/studio/tab/index.js';
import { root } from '../../support/paths.js';
import { temporaryFolder } from '../support.js';
import { makeMaterials } from './materials.js';

const { folder, remove } = temporaryFolder();
const runtime = createNodeRuntime({ threads: 1 });
let materials: Awaited<ReturnType<typeof makeMaterials>>;
before(async () => {
  materials = await makeMaterials(folder);
});
after(async () => {
  await runtime.dispose();
  remove();
});

/** As the page's canvas decodes, for images that need no resizing. */
const decode: DecodeImage = async (bytes, size) => {
  const image = sharp(bytes).toColourspace('srgb').removeAlpha();
  const { data, info } = await (size ? image.resize({ ...size, fit: 'cover' }) : image)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause) => {
      throw new FormatError({ what: 'The image cannot be decoded' }, { cause });
    });
  return { width: info.width, height: info.height, data };
};

const opened = () => openModel(new Uint8Array(readFileSync(materials.model)), 'digits.onnx');
const fileAt = (path: string, at: string) => ({ path, read: async () => new Uint8Array(readFileSync(at)) });
const images = () =>
  readdirSync(materials.images, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.png'))
    .sort()
    .map((path) => fileAt(`digits/${path}`, join(materials.images, path)));

test('class folders are read as Node’s reader reads them, to the last pixel', async () => {
  const own = await openData(images(), opened().model, { decode });
  const theirs = await openDataset(materials.images, { cacheDir: join(folder, 'cache') });
  assert.deepEqual(own.train.targets, theirs.train.targets);
  const all = Int32Array.from({ length: own.train.size }, (_, i) => i);
  assert.deepEqual((await own.train.read(all)).inputs.image, (await theirs.train.read(all)).inputs.image);
  await theirs.close();
});

test('a table is read as Node’s reader reads it; files of no form, or of several, are refused', async () => {
  const table = join(root, 'assets', 'iris.csv');
  const own = await openData([fileAt('iris.csv', table)], opened().model, { decode });
  const theirs = await openDataset(table);
  const all = Int32Array.from({ length: own.train.size }, (_, i) => i);
  assert.deepEqual((await own.train.read(all)).inputs, (await theirs.train.read(all)).inputs);
  assert.deepEqual(own.train.targets, theirs.train.targets);
  await theirs.close();
  await assert.rejects(openData([], opened().model, { decode }), /no data that can be read here.*got no file/i);
  await assert.rejects(
    openData([fileAt('a.csv', table), fileAt('b.csv', table)], opened().model, { decode }),
    /several files of data.*a\.csv, b\.csv/,
  );
});

test('images that cannot be read are left out and named; too many are an error', async () => {
  const broken = { path: 'digits/3/broken.png', read: async () => Uint8Array.of(1, 2, 3) };
  const said: string[] = [];
  const { train } = await openData([...images(), broken], opened().model, { decode, onMessage: ({ text }) => said.push(text) });
  assert.equal(train.size, 600);
  assert.match(said.join(), /1 image\(s\) could not be read and are left out: digits\/3\/broken\.png/);
  const bad = Array.from({ length: 20 }, (_, i) => ({ ...broken, path: `digits/${i % 2}/${i}.png` }));
  await assert.rejects(openData(bad, opened().model, { decode }), FormatError);
});

test('quantized by its data and by made-up numbers: smaller, and how it compares', async () => {
  const source = await openData(images(), opened().model, { decode });
  const made = await quantizeModel({ opened: opened(), mode: 'static', source, runtime, seed: 0 });
  assert.ok(made.after < made.before / 1.5, `${made.after} of ${made.before}`);
  assert.equal(
    decodeModel(made.file).graph.nodes.some(({ op }) => op === 'QuantizeLinear'),
    true,
  );
  assert.deepEqual(
    made.rows.slice(0, 2).map(({ label }) => label),
    ['accuracy', 'answers as the original'],
  );
  assert.match(made.measuredOn, /^120 samples of the test part$/);
  assert.match(String(made.picture), /^<svg/);
  const blind = await quantizeModel({ opened: opened(), mode: 'static', runtime, seed: 0 });
  assert.match(blind.measuredOn, /made-up inputs$/);
  assert.ok(blind.rows.length > 0 && blind.rows.every(({ before }) => before === undefined));
});

test('tuning makes it better and says how far it is; it stops when told to', async () => {
  const source = await openData(images(), opened().model, { decode });
  const steps: TuneProgress[] = [];
  const common = { opened: opened(), source, runtime, learningRate: 0.003, batchSize: 32, seed: 0, onEpoch: () => {} };
  const made = await tuneModel({ ...common, epochs: 3, onStep: (step) => steps.push(step) });
  const [{ label, before, after: later }] = made.rows;
  assert.equal(label, 'accuracy');
  assert.ok(Number.parseFloat(later) > Number.parseFloat(String(before)) && Number.parseFloat(later) > 70, `${before} to ${later}`);
  assert.deepEqual(
    made.curve?.map(({ epoch }) => epoch),
    [1, 2, 3],
  );
  assert.equal(steps.length, steps[0].total);
  assert.equal(steps.at(-1)?.done, steps[0].total);
  const controller = new AbortController();
  const stopped = tuneModel({ ...common, epochs: 50, signal: controller.signal, onStep: () => controller.abort() });
  await assert.rejects(stopped, Stopped);
});

test('the time left counts what goes by between epochs, and is right when all is even', () => {
  let now = 0;
  const timeLeft = new TimeLeft(4, () => now);
  const left: (number | undefined)[] = [];
  const [steps, step, pause] = [10, 100, 500];
  for (let epoch = 1; epoch <= 4; epoch++) {
    for (let i = 1; i <= steps; i++) {
      now += step;
      left.push(timeLeft.step(epoch, (epoch - 1) * steps + i, 4 * steps));
    }
    now += pause;
  }
  const end = now;
  assert.equal(left[0], undefined, 'nothing is known after one step');
  // In the second epoch it knows of one pause, and three are to come.
  assert.ok(Math.abs((left[15] as number) - (end - (16 * step + pause)) / 1000) < 0.02, String(left[15]));
  assert.ok(Math.abs((left.at(-1) as number) - pause / 1000) < 0.02);
});

test('a view of a model names its inputs, its costs and its graph', () => {
  const { format, inputs, outputs, isQuantized, graph, info } = viewModel(opened());
  assert.deepEqual([format, isQuantized, outputs[0].name], ['ONNX', false, 'scores']);
  assert.deepEqual(inputs, [{ name: 'input', type: 'float32 N×1×8×8' }]);
  assert.equal(graph?.nodes.filter(({ op }) => op === 'Conv').length, 6);
  assert.ok(info.macs > 1e5);
  const lite = viewModel(openModel(encodeTflite(opened().model), 'told by its contents'));
  assert.deepEqual([lite.format, lite.graph?.nodes.filter(({ op }) => op === 'Conv').length], ['TensorFlow Lite', 6]);
  assert.throws(() => openModel(new Uint8Array(), 'none.onnx'), /none\.onnx: The file is empty/);
});
