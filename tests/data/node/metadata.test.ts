import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDataset } from 'espalier/data/node';
import sharp from 'sharp';
import { temporaryFolder, writeFiles } from './support.js';

const dot = (value: number) =>
  sharp(Uint8Array.of(value, value, value), { raw: { width: 1, height: 1, channels: 3 } })
    .png()
    .toBuffer();

/** A folder of four gray dots, 10 to 40, with whatever else is to lie beside them. */
async function dots(t: TestContext, beside: Record<string, string>): Promise<{ folder: string; cacheDir: string }> {
  const root = await temporaryFolder(t);
  const images = Object.fromEntries(await Promise.all([1, 2, 3, 4].map(async (i) => [`set/${i}.png`, await dot(10 * i)] as const)));
  await writeFiles(root, { ...images, ...Object.fromEntries(Object.entries(beside).map(([name, text]) => [`set/${name}`, text])) });
  return { folder: join(root, 'set'), cacheDir: join(root, 'cache') };
}

test('metadata.csv beside images names a class for each, in its own order, also from the cache', async (t) => {
  const { folder, cacheDir } = await dots(t, { 'metadata.csv': 'file_name,label\n3.png,cat\n1.png,dog\n2.png,cat\n' });
  const messages: string[] = [];
  for (let time = 0; time < 2; time++) {
    const { train } = await openDataset(folder, { cacheDir }, { onMessage: ({ text }) => messages.push(text) });
    assert.deepEqual(train.targets, { kind: 'class', classes: ['cat', 'dog'], values: Int32Array.of(0, 1, 0) });
    assert.deepEqual(Array.from((await train.read(Int32Array.of(0, 1, 2))).inputs.image.data as Uint8Array), [30, 10, 20]);
  }
  assert.match(messages.join(' '), /1 file\(s\) have no row in the metadata and are left out: 4\.png/);
});

test('metadata.jsonl: lists of labels, and several numbers', async (t) => {
  const lines = [1, 2, 3, 4].map((i) =>
    JSON.stringify({ file_name: `${i}.png`, tags: i % 2 ? ['odd'] : ['even', 'two'], x: i / 2, z: i * 1.5 }),
  );
  const { folder, cacheDir } = await dots(t, { 'metadata.jsonl': lines.join('\n') });
  const tagged = await openDataset(folder, { cacheDir, label: 'tags' });
  assert.deepEqual(tagged.train.targets, {
    kind: 'labels',
    classes: ['even', 'odd', 'two'],
    values: Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1),
  });
  const numbers = await openDataset(folder, { cacheDir, label: 'x,z' });
  assert.deepEqual(numbers.train.targets, {
    kind: 'numbers',
    columns: ['x', 'z'],
    values: Float32Array.of(0.5, 1.5, 1, 3, 1.5, 4.5, 2, 6),
  });
  await assert.rejects(openDataset(folder, { cacheDir }), /not clear which column of the metadata is the target.*tags, x, z/);
});

test('metadata that names what is not there, or no files at all, is refused', async (t) => {
  const gone = await dots(t, { 'metadata.csv': 'file_name,label\n9.png,cat\n' });
  await assert.rejects(openDataset(gone.folder, { cacheDir: gone.cacheDir }), /A file that the table names is not there.*9\.png/);
  const nameless = await dots(t, { 'metadata.csv': 'file,label\n1.png,cat\n' });
  await assert.rejects(openDataset(nameless.folder, { cacheDir: nameless.cacheDir }), /no column of file names.*"file_name"/);
});

test('with a limit, images that are left out are not decoded', async (t) => {
  const root = await temporaryFolder(t);
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 20; i++) files[`set/${i % 2 ? 'a' : 'b'}/${i}.png`] = await dot(i);
  await writeFiles(root, files);
  let total = 0;
  const options = { cacheDir: join(root, 'cache'), limit: { count: 6 } };
  const { train } = await openDataset(join(root, 'set'), options, { onProgress: (progress) => (total = progress.total ?? 0) });
  assert.ok(train.targets?.kind === 'class');
  assert.deepEqual([total, train.size, train.targets.values.filter((label) => label === 0).length], [6, 6, 3]);
});
