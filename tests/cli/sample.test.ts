import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDataset } from 'espalier/modalities/node';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-sample-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => espalier(args, { cwd: folder });

/** One hash of all files of a folder, names and contents, and how many there are. */
function contents(name: string): { files: number; hash: string } {
  const at = join(folder, name);
  const files = (readdirSync(at, { recursive: true }) as string[]).filter((file) => statSync(join(at, file)).isFile()).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(at, file)));
  return { files: files.length, hash: hash.digest('hex') };
}

/** What the summaries promise, and what the files hold when they are opened as any data of a user. */
const KINDS = [
  { kind: 'image', files: 1797, sizes: [1437, 360], input: 'image', targets: 'class', names: '0,1,2,3,4,5,6,7,8,9' },
  { kind: 'audio', files: 240, sizes: [240], input: 'audio', targets: 'class', names: 'falling,rising,steady,warbling' },
  { kind: 'text', files: 2, sizes: [600], input: 'text', targets: 'class', names: 'negative,positive' },
  { kind: 'table', files: 1, sizes: [800], input: 'features', targets: 'numbers', names: 'price' },
];

for (const { kind, files, sizes, input, targets, names } of KINDS)
  test(`sample ${kind}: the same files every time, which open as data with the classes or columns that are promised`, async () => {
    const { code, stdout, stderr } = await run('sample', kind, '-o', kind, '--json');
    assert.equal(code, 0, stderr);
    const { schema, folder: out, summary } = JSON.parse(stdout);
    assert.deepEqual([schema, out], ['espalier/sample@1', kind]);
    assert.equal(
      Number(summary.match(/[\d,]+/)[0].replace(',', '')),
      sizes.reduce((sum, size) => sum + size, 0),
    );
    const plain = await run('sample', kind, '-o', `${kind}-again`, '--seed', '5');
    assert.equal(plain.code, 0, plain.stderr);
    assert.equal(plain.stdout, `${kind}-again: ${summary}.\n`);
    assert.deepEqual(contents(`${kind}-again`), contents(kind));
    assert.equal(contents(kind).files, files);

    const path = kind === 'table' ? join(folder, kind, 'flats.csv') : join(folder, kind);
    const source = await openDataset(path, { cacheDir: join(folder, 'cache') });
    const parts = [source.train, ...(source.test ? [source.test] : [])];
    assert.deepEqual(
      parts.map(({ size }) => size),
      sizes,
    );
    for (const { inputs, targets: own } of parts) {
      assert.equal(inputs[0].kind, input);
      assert.equal(own?.kind, targets);
      assert.equal(String(own?.kind === 'numbers' ? own.columns : own?.kind === 'class' ? own.classes : ''), names);
    }
    const batch = await source.train.read(Int32Array.of(0, source.train.size - 1));
    assert.ok((Object.values(batch.inputs)[0].data as Float32Array).some((value) => value !== 0));
    await source.close();
  });

test('the images are the built-in digits, pixel by pixel, in four parts of five and one', async () => {
  const digits = (await openDataset('digits')).train;
  const source = await openDataset(join(folder, 'image'), { cacheDir: join(folder, 'cache') });
  const [own] = Object.values((await digits.read(Int32Array.from({ length: digits.size }, (_, i) => i))).inputs);
  assert.ok(source.test && digits.targets?.kind === 'class' && source.test.targets?.kind === 'class');
  const labels = digits.targets.values;
  // Files are in the order of their classes, in each of which the numbers of the digits rise.
  const expected = [...labels.keys()].filter((i) => i % 5 === 0).sort((a, b) => labels[a] - labels[b] || a - b);
  assert.deepEqual(
    [...source.test.targets.values],
    expected.map((i) => labels[i]),
  );
  const { image } = (await source.test.read(Int32Array.from(expected.keys()))).inputs;
  assert.deepEqual(image.shape, [expected.length, 8, 8, 1]);
  const pixels = expected.flatMap((i) =>
    Array.from(own.data.subarray(64 * i, 64 * i + 64) as Uint8Array, (value) => Math.round((255 * value) / 16)),
  );
  assert.deepEqual([...(image.data as Uint8Array)], pixels);
});

test('the table has numbers, a category and missing values', async () => {
  const { train } = await openDataset(join(folder, 'table', 'flats.csv'));
  assert.deepEqual(
    train.inputs[0].columns?.map(({ name, categories }) => [name, categories?.length]),
    [
      ['area', undefined],
      ['rooms', undefined],
      ['year', undefined],
      ['district', 4],
    ],
  );
  const { features } = (await train.read(Int32Array.from({ length: train.size }, (_, i) => i))).inputs;
  const missing = (column: number) => (features.data as Float32Array).filter((value, i) => i % 4 === column && Number.isNaN(value)).length;
  assert.deepEqual([missing(1), missing(3)], [0, 0]);
  assert.ok(missing(0) > 5 && missing(0) < 60 && missing(2) > 5 && missing(2) < 60);
});

test('a folder that holds something is left as it is, a kind that there is not is refused with those that there are', async () => {
  mkdirSync(join(folder, 'mine'));
  writeFileSync(join(folder, 'mine', 'thesis.txt'), 'precious');
  const refused = await run('sample', 'text', '-o', 'mine');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /mine: The folder is not empty/);
  assert.deepEqual(readdirSync(join(folder, 'mine')), ['thesis.txt']);
  writeFileSync(join(folder, 'file'), 'precious');
  for (const out of ['file', 'file/below']) {
    const { code, stderr } = await run('sample', 'text', '-o', out);
    assert.equal(code, 1);
    assert.match(stderr, /A file is in the way of this folder/);
  }
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'precious');
  const other = await run('sample', 'video', '-o', 'new');
  assert.equal(other.code, 2);
  assert.match(other.stderr, /image, audio, text, table/);
  assert.equal((await run('sample', 'text')).code, 2);
});
