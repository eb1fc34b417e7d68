import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DataError, FormatError, UnsupportedError } from 'espalier/base';
import { channelStatistics, type Dataset, splitSource } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { indexTar } from '#dist/data/node/tar.js';
import { fixture, shared, skipWithout } from '../../support/paths.js';
import { classesOf, numbersOf, perClass } from '../support.js';
import { temporaryFolder, writeFiles } from './support.js';

const readAll = (dataset: Dataset) => dataset.read(Int32Array.from({ length: dataset.size }, (_, i) => i));

test('digits: the counts and the sum of pixels that scikit-learn documents', async () => {
  const { train } = await openDataset('digits');
  assert.deepEqual([train.size, train.inputs[0].shape, train.inputs[0].range], [1797, [8, 8, 1], [0, 16]]);
  assert.deepEqual(perClass(train), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  const pixels = numbersOf((await readAll(train)).inputs.image);
  assert.equal(
    pixels.reduce((sum, value) => sum + value, 0),
    561718,
  );
  assert.deepEqual(pixels.slice(0, 8), [0, 0, 5, 13, 9, 1, 0, 0]);
});

test('iris: fifty of each species, and the means of the literature', async () => {
  const { train } = await openDataset('iris');
  assert.deepEqual([train.size, classesOf(train).classes], [150, ['setosa', 'versicolor', 'virginica']]);
  assert.deepEqual(perClass(train), [50, 50, 50]);
  const { mean } = await channelStatistics(train);
  assert.deepEqual(
    mean.map((value) => value.toFixed(3)),
    ['5.843', '3.057', '3.758', '1.199'],
  );
  const { test: drawn } = splitSource({ ...(await openDataset('iris')) });
  assert.deepEqual(perClass(drawn), [10, 10, 10]);
});

test('what comes with the package takes an order of classes, and is read without labels, as files are', async () => {
  const plain = classesOf((await openDataset('iris')).train);
  const order = ['virginica', 'setosa', 'versicolor'];
  const { classes, values } = classesOf((await openDataset('iris', { classes: order })).train);
  assert.deepEqual(classes, order);
  assert.deepEqual(
    Array.from(values, (label) => order[label]),
    Array.from(plain.values, (label) => plain.classes[label]),
  );
  await assert.rejects(openDataset('iris', { classes: order.slice(1) }), /none of the classes.*"virginica"/s);
  for (const name of ['iris', 'digits']) assert.equal((await openDataset(name, { labelled: false })).train.targets, undefined, name);
});

const mnist = shared('data', 'mnist');
test('MNIST: labels, sums and statistics that everyone knows', { skip: skipWithout(mnist, 'MNIST') }, async () => {
  const { train, test: own, format } = await openDataset(mnist as string);
  assert.deepEqual([format, train.size, own?.size, train.inputs[0].shape], ['IDX', 60000, 3000, [28, 28, 1]]);
  assert.deepEqual(Array.from(classesOf(train).values.subarray(0, 10)), [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assert.deepEqual(Array.from(classesOf(own as Dataset).values.subarray(0, 10)), [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  assert.deepEqual(perClass(train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  const first = await train.read(Int32Array.of(0));
  assert.equal(
    numbersOf(first.inputs.image).reduce((sum, value) => sum + value, 0),
    27525,
  );
  const { mean, std } = await channelStatistics(train, { atMost: 60000 });
  assert.deepEqual([(mean[0] / 255).toFixed(4), (std[0] / 255).toFixed(4)], ['0.1307', '0.3081']);
});

test('IDX files in a folder: gzipped or not, with labels or without', async (t) => {
  const folder = await temporaryFolder(t);
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8);
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 1, 0);
  await writeFiles(join(folder, 'a'), { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte.gz': gzipSync(labels) });
  const { train } = await openDataset(join(folder, 'a'));
  assert.deepEqual([train.size, classesOf(train).values, train.inputs[0].shape], [4, Int32Array.of(0, 1, 1, 0), [1, 2, 1]]);
  assert.deepEqual(numbersOf((await train.read(Int32Array.of(3))).inputs.image), [7, 8]);
  const file = await openDataset(join(folder, 'a', 'train-images-idx3-ubyte'));
  assert.deepEqual(file.train.targets, train.targets);
  await writeFiles(join(folder, 'b'), { 't10k-images.idx3-ubyte': images });
  assert.equal((await openDataset(join(folder, 'b'))).train.targets, undefined);
  await writeFiles(join(folder, 'c'), { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels.with(7, 3).slice(0, 11) });
  await assert.rejects(openDataset(join(folder, 'c')), /Images and labels differ in number. Expected 4 labels, got 3/);
  await writeFiles(join(folder, 'd'), { 'train-images-idx3-ubyte': images, 'train-images-idx3-ubyte.gz': gzipSync(images) });
  await assert.rejects(openDataset(join(folder, 'd')), /Several files hold the same part/);
  await writeFiles(join(folder, 'e'), { 'train-images-idx3-ubyte.gz': gzipSync(images).subarray(0, 30) });
  await assert.rejects(
    openDataset(join(folder, 'e')),
    (error) => error instanceof FormatError && /gzip stream is damaged/.test(error.message),
  );
});

test('tables: one, or train.csv with test.csv whose labels mean the same', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, {
    'one.csv': 'a,b,kind\n1,2,x\n3,4,y\n',
    'pair/train.csv': '1,x\n2,y\n3,z\n',
    'pair/test.csv': '4,z\n5,y\n',
    'bad/train.csv': '1,x\n2,y\n',
    'bad/test.csv': '1,w\n',
  });
  const messages: string[] = [];
  const one = await openDataset(join(folder, 'one.csv'), {}, { onMessage: ({ text }) => messages.push(text) });
  assert.deepEqual([classesOf(one.train).classes, one.train.inputs[0].kind, one.train.inputs[0].shape], [['x', 'y'], 'features', [2]]);
  assert.match(messages.join(), /targets are taken from column "kind"/);
  const pair = await openDataset(join(folder, 'pair'));
  assert.deepEqual([classesOf(pair.train).values, classesOf(pair.test as Dataset).values], [Int32Array.of(0, 1, 2), Int32Array.of(2, 1)]);
  await assert.rejects(openDataset(join(folder, 'bad')), /label of sample 0 is none of the classes.*"w"/);
  await writeFiles(folder, { 'same.csv': '1,x\n2,x\n', 'two/a.csv': '1,2', 'two/b.csv': '1,2', 'real.csv': '1,0.5\n2,0.7\n' });
  await assert.rejects(openDataset(join(folder, 'same.csv')), (error) => error instanceof DataError && /same label/.test(error.message));
  await assert.rejects(openDataset(join(folder, 'two')), /not clear which files belong together/);
  const real = await openDataset(join(folder, 'real.csv'));
  assert.deepEqual(real.train.targets, { kind: 'numbers', columns: ['target'], values: Float32Array.of(0.5, 0.7) });
  assert.deepEqual(real.train.inputs[0].shape, [1]);
  assert.deepEqual((await openDataset(join(folder, 'real.csv'), { label: false })).train.inputs[0].shape, [2]);
});

test('numpy archives: several inputs with labels; parts by name; a folder of arrays; one array', async (t) => {
  const folder = await temporaryFolder(t);
  const { train } = await openDataset(fixture('data', 'deflated.npz'));
  assert.deepEqual(
    train.inputs.map(({ name, type, shape, kind }) => ({ name, type, shape, kind })),
    [
      { name: 'tokens', type: 'int64', shape: [3], kind: 'tensor' },
      { name: 'mask', type: 'bool', shape: [3], kind: 'tensor' },
    ],
  );
  assert.deepEqual(classesOf(train).values, Int32Array.of(0, 1, 1, 0));
  assert.deepEqual(numbersOf((await train.read(Int32Array.of(1))).inputs.tokens), [3, 4, 5]);
  const every = await openDataset(fixture('data', 'stored.npz'), { labelled: false });
  assert.deepEqual(
    every.train.inputs.map(({ name }) => name),
    ['tokens', 'mask', 'label'],
  );
  const parts = await openDataset(fixture('data', 'parts.npz'));
  assert.deepEqual([parts.train.size, parts.test?.size, parts.train.inputs[0].name, parts.train.inputs[0].shape], [6, 3, 'x', [4, 4, 1]]);
  assert.deepEqual(classesOf(parts.test as Dataset).values, Int32Array.of(2, 1, 0));
  await writeFiles(folder, { 'set/.keep': '' });
  await copyFile(fixture('data', 'lf4.npy'), join(folder, 'set', 'x.npy'));
  await copyFile(fixture('data', 'lf8.npy'), join(folder, 'set', 'z.npy'));
  assert.deepEqual(
    (await openDataset(join(folder, 'set'))).train.inputs.map(({ name, type }) => `${name} ${type}`),
    ['x float32', 'z float64'],
  );
  const single = await openDataset(fixture('data', 'lf4.npy'));
  const lazy = await openDataset(fixture('data', 'lf4.npy'), { memoryLimit: 10 });
  assert.deepEqual(await lazy.train.read(Int32Array.of(2, 0, 1)), await single.train.read(Int32Array.of(2, 0, 1)));
  await lazy.close();
  const cut = readFileSync(fixture('data', 'lf4.npy')).subarray(0, 150);
  await writeFiles(folder, { 'cut.npy': cut });
  await assert.rejects(openDataset(join(folder, 'cut.npy'), { memoryLimit: 10 }), /cut off. Expected 176 bytes, got 150/);
  await copyFile(fixture('data', 'version2.npy'), join(folder, 'set', 'w.npy'));
  await assert.rejects(openDataset(join(folder, 'set')), /different numbers of samples.*w \[2, 3\], x \[3, 2, 2\]/);
});

test('other files are refused with what is read instead', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, { 'song.wav': 'RIFF', 'one.png': 'x' });
  await assert.rejects(
    openDataset(join(folder, 'song.wav')),
    (error) => error instanceof UnsupportedError && /Expected class folders.*got "song\.wav"/.test(error.message),
  );
  await assert.rejects(openDataset(join(folder, 'one.png')), /a single image.*folder/);
});

test('tar archives of every dialect: long names, folders left out, contents in place', async () => {
  for (const dialect of ['gnu', 'pax', 'ustar']) {
    const path = fixture('data', `${dialect}.tar`);
    const file = await open(path);
    const content = await readFile(path);
    const entries = await indexTar(file, path);
    await file.close();
    assert.equal(entries.length, dialect === 'ustar' ? 2 : 3);
    for (const entry of entries) assert.equal(content.toString('utf8', entry.offset, entry.offset + entry.size), entry.path, dialect);
  }
});

const cifar = shared('data', 'cifar10', 'test.tar');
test('CIFAR-10 test archive: a thousand of each class', { skip: skipWithout(cifar, 'CIFAR-10') }, async (t) => {
  const { train } = await openDataset(cifar as string, { cacheDir: await temporaryFolder(t) });
  assert.deepEqual(perClass(train), new Array(10).fill(1000));
  assert.deepEqual(classesOf(train).classes.slice(0, 3), ['airplane', 'automobile', 'bird']);
  const { mean, std } = await channelStatistics(train);
  // The original test images: 0.4942, 0.4851, 0.4504 and 0.2467, 0.2429, 0.2616.
  for (const [c, value] of [0.4942, 0.4851, 0.4504].entries()) assert.ok(Math.abs(mean[c] / 255 - value) < 0.005);
  for (const [c, value] of [0.2467, 0.2429, 0.2616].entries()) assert.ok(Math.abs(std[c] / 255 - value) < 0.01);
});
