import assert from 'node:assert/strict';
import { readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataError, EspalierError, FormatError, type Message, OptionError, Stopped } from 'espalier/base';
import { type Dataset, splitSource } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { classesOf, numbersOf } from '../support.js';
import { catsAndDogs, picture, temporaryFolder, writeFiles, writeTar } from './support.js';

const all = (dataset: Dataset) => dataset.read(Int32Array.from({ length: dataset.size }, (_, i) => i));
const firstPixels = async (dataset: Dataset) => {
  const { image } = (await all(dataset)).inputs;
  const width = image.shape.slice(1).reduce((a, b) => a * b);
  return Array.from({ length: dataset.size }, (_, i) => numbersOf(image).slice(i * width, i * width + image.shape[3]));
};

test('class folders: sorted classes and images, exact pixels', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(join(folder, 'pets'), { ...(await catsAndDogs(3)), '.hidden.png': 'x', 'notes.txt': 'x', 'cat/.DS_Store': 'x' });
  const events: number[] = [];
  const {
    train,
    test: own,
    format,
  } = await openDataset(join(folder, 'pets'), { cacheDir: join(folder, 'cache') }, { onProgress: ({ done }) => events.push(done) });
  assert.equal(format, 'images in class folders');
  assert.deepEqual([train.size, classesOf(train).classes, train.inputs[0].shape, own], [6, ['cat', 'dog'], [4, 4, 3], undefined]);
  assert.deepEqual(classesOf(train).values, Int32Array.of(0, 0, 0, 1, 1, 1));
  assert.deepEqual(await firstPixels(train), [
    [1, 0, 0],
    [2, 0, 0],
    [3, 0, 0],
    [0, 1, 0],
    [0, 2, 0],
    [0, 3, 0],
  ]);
  assert.deepEqual(events, [6]);
});

test('a folder, an archive, a gzipped one and a pair of archives hold the same data under the same fingerprint', async (t) => {
  const folder = await temporaryFolder(t);
  const [train, own] = [await catsAndDogs(4, 'train/'), await catsAndDogs(2, 'test/')];
  await writeFiles(join(folder, 'plain'), { ...train, ...own });
  await writeTar(join(folder, 'one.tar'), { ...own, ...train });
  await writeTar(
    join(folder, 'packed.tar.gz'),
    Object.fromEntries(Object.entries({ ...train, ...own }).map(([path, content]) => [`./wrapped/${path}`, content])),
  );
  await writeFiles(join(folder, 'pair'), { x: '' });
  await rm(join(folder, 'pair', 'x'));
  await writeTar(join(folder, 'pair', 'train.tar'), train);
  await writeTar(join(folder, 'pair', 'test.tar'), own);
  const seen = new Set<string>();
  for (const name of ['plain', 'one.tar', 'packed.tar.gz', 'pair']) {
    const source = await openDataset(join(folder, name), { cacheDir: join(folder, 'cache') });
    assert.deepEqual([source.train.size, source.test?.size], [8, 4], name);
    assert.deepEqual((await firstPixels(source.test as Dataset))[3], [0, 2, 0]);
    assert.equal(splitSource(source).test, source.test);
    seen.add(`${source.train.fingerprint} ${source.test?.fingerprint}`);
  }
  assert.equal(seen.size, 1);
});

test('val beside train is kept as test; with test too it is the validation part', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  const parts = { ...(await catsAndDogs(3, 'train/')), ...(await catsAndDogs(2, 'val/')) };
  await writeFiles(join(folder, 'a'), parts);
  await writeFiles(join(folder, 'b'), { ...parts, ...(await catsAndDogs(1, 'test/')) });
  const a = await openDataset(join(folder, 'a'), { cacheDir });
  assert.deepEqual([a.train.size, a.validation?.size, a.test?.size], [6, undefined, 4]);
  const b = await openDataset(join(folder, 'b'), { cacheDir });
  assert.deepEqual([b.train.size, b.validation?.size, b.test?.size], [6, 4, 2]);
});

test('a plain folder of images has no labels; so have class folders where labels are not wanted', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  await writeFiles(join(folder, 'plain'), { 'b.png': await picture([2, 0, 0]), 'a.PNG': await picture([1, 0, 0]) });
  const { train, format } = await openDataset(join(folder, 'plain'), { cacheDir });
  assert.deepEqual([format, train.targets], ['images without labels', undefined]);
  assert.deepEqual(await firstPixels(train), [
    [1, 0, 0],
    [2, 0, 0],
  ]);
  await writeFiles(join(folder, 'one'), { 'cat/a.png': await picture([1, 0, 0]) });
  await assert.rejects(
    openDataset(join(folder, 'one'), { cacheDir }),
    (error) => error instanceof DataError && /one class folder.*"cat"/.test(error.message),
  );
  assert.equal((await openDataset(join(folder, 'one'), { cacheDir, labelled: false })).train.size, 1);
});

test('gray stays one channel only where all are gray', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  const gray = { 'a/1.png': await picture([7]), 'b/2.png': await picture([9, 9, 9]) };
  await writeFiles(join(folder, 'gray'), gray);
  await writeFiles(join(folder, 'mixed'), { ...gray, 'b/3.png': await picture([1, 2, 3]) });
  assert.deepEqual(await firstPixels((await openDataset(join(folder, 'gray'), { cacheDir })).train), [[7], [9]]);
  assert.deepEqual(await firstPixels((await openDataset(join(folder, 'mixed'), { cacheDir })).train), [
    [7, 7, 7],
    [9, 9, 9],
    [1, 2, 3],
  ]);
});

test('a corrupt image among good ones is left out with one warning, each time the data is opened', async (t) => {
  const folder = await temporaryFolder(t);
  const good = await catsAndDogs(20);
  const whole = good['cat/001.png'] as Uint8Array;
  await writeFiles(join(folder, 'pets'), {
    ...good,
    'cat/000.png': 'no image',
    'dog/021.png': whole.slice(0, whole.length - 30),
    'dog/022.png': '',
  });
  for (let time = 0; time < 2; time++) {
    const messages: Message[] = [];
    const { train } = await openDataset(
      join(folder, 'pets'),
      { cacheDir: join(folder, 'cache') },
      { onMessage: (message) => messages.push(message) },
    );
    assert.equal(train.size, 40);
    assert.deepEqual(await firstPixels(train).then((pixels) => pixels[0]), [1, 0, 0]);
    assert.equal(messages.length, 1);
    assert.equal(messages[0].level, 'warning');
    assert.match(messages[0].text, /3 image\(s\) could not be read and are left out: cat\/000\.png, dog\/021\.png, dog\/022\.png\./);
  }
});

test('too many corrupt images, or nothing but corrupt ones, are an error', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  await writeFiles(join(folder, 'some'), { ...(await catsAndDogs(2)), 'cat/x.jpg': 'x' });
  await assert.rejects(
    openDataset(join(folder, 'some'), { cacheDir }),
    /Too many images cannot be decoded. Expected at most 10% of them, got 1 of 5: cat\/x\.jpg/,
  );
  assert.equal((await openDataset(join(folder, 'some'), { cacheDir, maxUnreadable: 0.5 })).train.size, 4);
  await writeFiles(join(folder, 'all'), { 'cat/a.png': 'x', 'dog/b.png': 'y' });
  await assert.rejects(openDataset(join(folder, 'all'), { cacheDir, maxUnreadable: 1 }), /No image can be decoded/);
  assert.deepEqual(
    (await readdir(cacheDir)).filter((name) => name.includes('.tmp')),
    [],
  );
});

test('images of different sizes need a size: the one asked for, else the model’s, else an error', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  await writeFiles(join(folder, 'd'), { 'a/1.png': await picture([8, 0, 0], 4, 4), 'b/2.png': await picture([0, 8, 0], 9, 5) });
  await assert.rejects(
    openDataset(join(folder, 'd'), { cacheDir }),
    (error) => error instanceof DataError && /b\/2\.png: The images differ in size. Expected 4×4.*got 9×5.*imageSize/.test(error.message),
  );
  const messages: string[] = [];
  const options = { cacheDir, fallbackSize: { width: 6, height: 3 } };
  const model = await openDataset(join(folder, 'd'), options, { onMessage: ({ text }) => messages.push(text) });
  assert.deepEqual(model.train.inputs[0].shape, [3, 6, 3]);
  assert.match(messages.join(), /brought to 6×3/);
  const asked = await openDataset(join(folder, 'd'), { ...options, imageSize: { width: 2, height: 2 }, fit: 'fill' });
  assert.deepEqual(await firstPixels(asked.train), [
    [8, 0, 0],
    [0, 8, 0],
  ]);
});

test('images larger than the model’s are shrunk, smaller ones kept', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(join(folder, 'd'), { 'a/1.png': await picture([8, 0, 0], 8, 8), 'b/2.png': await picture([0, 8, 0], 8, 8) });
  const size = async (side: number) =>
    (await openDataset(join(folder, 'd'), { cacheDir: join(folder, 'cache'), fallbackSize: { width: side, height: side } })).train.inputs[0]
      .shape;
  assert.deepEqual(await size(4), [4, 4, 3]);
  assert.deepEqual(await size(16), [8, 8, 3]);
});

test('the cache: used while nothing changed, renewed when a file did, and rebuilt when it is damaged', async (t) => {
  const folder = await temporaryFolder(t);
  const [data, cacheDir] = [join(folder, 'pets'), join(folder, 'cache')];
  await writeFiles(data, await catsAndDogs(3));
  const open = async () => {
    let decoded = 0;
    const { train } = await openDataset(data, { cacheDir }, { onProgress: ({ done }) => (decoded = done) });
    return { decoded, size: train.size, fingerprint: train.fingerprint, pixels: await firstPixels(train) };
  };
  const first = await open();
  assert.deepEqual(await open(), { ...first, decoded: 0 });
  await utimes(join(data, 'cat', '001.png'), 1, 1);
  assert.deepEqual(await open(), first);
  const [cached] = await readdir(cacheDir);
  await truncate(join(cacheDir, cached), 50);
  assert.deepEqual(await open(), first);
  await writeFile(
    join(cacheDir, `.${cached}.${hostname().replace(/[^A-Za-z0-9-]/g, '-')}.999999999.00000000.tmp`),
    'left by a killed process',
  );
  await rename(join(data, 'dog', '003.png'), join(data, 'cat', '004.png'));
  const changed = await open();
  assert.deepEqual([changed.decoded, changed.size], [6, 6]);
  assert.notEqual(changed.fingerprint, first.fingerprint);
  assert.deepEqual(await readdir(cacheDir), [cached]);
});

test('data larger than the memory limit is read from the cache file, to the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(join(folder, 'pets'), { ...(await catsAndDogs(5, 'train/')), ...(await catsAndDogs(2, 'test/')) });
  const options = { cacheDir: join(folder, 'cache') };
  const memory = await openDataset(join(folder, 'pets'), options);
  const disk = await openDataset(join(folder, 'pets'), { ...options, memoryLimit: 100 });
  const indices = Int32Array.of(3, 9, 0, 1, 2, 2);
  assert.deepEqual(await disk.train.read(indices), await memory.train.read(indices));
  assert.deepEqual(await all(disk.test as Dataset), await all(memory.test as Dataset));
  assert.deepEqual([disk.train.fingerprint, disk.test?.fingerprint], [memory.train.fingerprint, memory.test?.fingerprint]);
  await assert.rejects(disk.train.read(Int32Array.of(10)), OptionError);
  await disk.close();
});

test('folders that can be read in two ways are refused', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  const image = await picture([1, 0, 0]);
  const refused = async (files: Record<string, Uint8Array | string>, reason: RegExp) => {
    const root = join(folder, String(Math.abs(reason.source.length)));
    await writeFiles(root, files);
    await assert.rejects(openDataset(root, { cacheDir }), (error) => error instanceof EspalierError && reason.test(error.message));
    await rm(root, { recursive: true });
  };
  await refused({ 'a/1.png': image, 'b/1.png': image, 'loose.png': image }, /Some images lie in class folders.*loose\.png/);
  await refused({ 'train/a/1.png': image, 'train/b/1.png': image, 'test/c/1.png': image }, /"c" is none of the classes.*a, b/);
  await refused({ 'test/1.png': image, 'val/1.png': image }, /named like parts/);
  await refused({ 'a/1.png': image, 'b/1.png': image, 'x.csv': '1,2' }, /several forms of data.*1 tables \(x\.csv\), 2 images/);
  await refused({ 'x.doc': 'hello' }, /nothing that is read.*class folders.*IDX.*npz.*got x\.doc/);
});

test('damaged archives, empty folders and missing paths are said', async (t) => {
  const folder = await temporaryFolder(t);
  const options = { cacheDir: join(folder, 'cache') };
  await writeTar(join(folder, 'a.tar'), await catsAndDogs(2));
  await truncate(join(folder, 'a.tar'), 1000);
  await assert.rejects(
    openDataset(join(folder, 'a.tar'), options),
    (error) => error instanceof FormatError && /a\.tar/.test(error.message),
  );
  await writeFiles(folder, { 'b.tar': 'x'.repeat(2000), 'c.tar.gz': Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3), 'e/x': '' });
  await assert.rejects(openDataset(join(folder, 'b.tar'), options), /damaged at byte 0, or is no tar archive/);
  await assert.rejects(openDataset(join(folder, 'c.tar.gz'), options), /cannot be unpacked/);
  await rm(join(folder, 'e', 'x'));
  await assert.rejects(openDataset(join(folder, 'e'), options), /It holds no file/);
  await assert.rejects(openDataset(join(folder, 'nowhere'), options), /no such file or folder/);
  await assert.rejects(openDataset(join(folder, 'a.tar'), { ...options, imageSize: { width: 0, height: 2 } }), OptionError);
});

test('links are followed, circles are not; a stop leaves nothing half-written', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  await writeFiles(folder, await catsAndDogs(2, 'real/'));
  await writeFiles(join(folder, 'links'), { 'x.txt': '' });
  await symlink(join(folder, 'real', 'cat'), join(folder, 'links', 'cat'));
  await symlink(join(folder, 'real', 'dog'), join(folder, 'links', 'dog'));
  await symlink(join(folder, 'links'), join(folder, 'links', 'circle'));
  assert.equal((await openDataset(join(folder, 'links'), { cacheDir })).train.size, 4);
  const kept = await readdir(cacheDir);
  await assert.rejects(openDataset(join(folder, 'real'), { cacheDir }, { signal: AbortSignal.abort() }), Stopped);
  assert.deepEqual(await readdir(cacheDir), kept);
});

test('classes may be given in the order of the model’s outputs', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(join(folder, 'pets'), await catsAndDogs(1));
  const options = { cacheDir: join(folder, 'cache') };
  const { train } = await openDataset(join(folder, 'pets'), { ...options, classes: ['dog', 'bird', 'cat'] });
  assert.deepEqual([classesOf(train).values, classesOf(train).classes], [Int32Array.of(2, 0), ['dog', 'bird', 'cat']]);
  await assert.rejects(openDataset(join(folder, 'pets'), { ...options, classes: ['dog', 'bird'] }), /"cat" is none of the classes/);
});

test('decoded images take no more of the disk than they may: those that were read longest ago go', async (t) => {
  const folder = await temporaryFolder(t);
  const cacheDir = join(folder, 'cache');
  const names = ['first', 'second', 'third'];
  for (const name of names) await writeFiles(join(folder, name), await catsAndDogs(3));
  const { ESPALIER_CACHE_SIZE: before } = process.env;
  t.after(() => {
    if (before === undefined) delete process.env.ESPALIER_CACHE_SIZE;
    else process.env.ESPALIER_CACHE_SIZE = before;
  });
  const [first, second] = names.map((name) => () => openDataset(join(folder, name), { cacheDir }));
  await first();
  await second();
  for (const name of await readdir(cacheDir)) await utimes(join(cacheDir, name), 1, 1);
  // It is read again.
  await first();
  process.env.ESPALIER_CACHE_SIZE = '1 KB';
  await openDataset(join(folder, 'third'), { cacheDir });
  assert.deepEqual(
    (await readdir(cacheDir)).map((name) => name.split('-')[0]),
    ['first', 'third'],
  );
  process.env.ESPALIER_CACHE_SIZE = 'much';
  await rename(join(folder, 'third'), join(folder, 'fourth'));
  await assert.rejects(openDataset(join(folder, 'fourth'), { cacheDir }), (error: Error) => {
    assert.match(error.message, /ESPALIER_CACHE_SIZE.*50GB.*much/s);
    return error instanceof OptionError;
  });
});
