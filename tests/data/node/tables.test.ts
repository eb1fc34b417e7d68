import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DataError, type EspalierError, FormatError, OptionError } from 'espalier/base';
import { type Dataset, tableFromCsv } from 'espalier/data';
import { type OpenOptions, openDataset } from 'espalier/data/node';
import { tableFromParquet } from '#dist/data/node/readers/parquet.js';
import { fixture, shared, skipWithout } from '../../support/paths.js';
import { temporaryFolder, writeFiles } from './support.js';

const all = ({ size }: Dataset) => Int32Array.from({ length: size }, (_, i) => i);
const rows = async (dataset: Dataset) => Array.from((await dataset.read(all(dataset))).inputs.features.data as Float32Array);
async function texts(dataset: Dataset): Promise<string[]> {
  const { data, shape, lengths } = (await dataset.read(all(dataset))).inputs.text;
  const row = (i: number) => (data as Uint8Array).subarray(i * shape[1], i * shape[1] + (lengths?.[i] ?? 0));
  return Array.from({ length: shape[0] }, (_, i) => new TextDecoder().decode(row(i)));
}

test('a table with categories, missing values and a target of fractions', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, { 'mix.csv': 'age,city,y\n1,Rome,1.5\n2,NA,2.5\n,Paris,3\n4,Rome,4\n' });
  const messages: string[] = [];
  const { train } = await openDataset(join(folder, 'mix.csv'), {}, { onMessage: ({ text }) => messages.push(text) });
  assert.deepEqual(train.targets, { kind: 'numbers', columns: ['y'], values: Float32Array.of(1.5, 2.5, 3, 4) });
  assert.deepEqual(train.inputs[0].columns, [{ name: 'age' }, { name: 'city', categories: ['Paris', 'Rome'] }]);
  assert.deepEqual(await rows(train), [1, 1, 2, Number.NaN, Number.NaN, 0, 4, 1]);
  assert.match(messages.join(' '), /column "age" lacks 1 of 4 values, for which its median stands/);
  assert.match(messages.join(' '), /column "city" lacks 1 of 4 values, for which its most frequent category stands/);
});

test('targets: a column of texts is classes, several of numbers are several, of zeros and ones are labels; columns can be chosen', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, { 't.csv': 'a,b,c,on,off,kind\n1,2,0.5,1,1,x\n3,4,1.5,0,1,y\n5,6,2.5,1,0,none\n' });
  const path = join(folder, 't.csv');
  const targets = async (label: string) => (await openDataset(path, { label })).train.targets;
  assert.deepEqual(await targets('kind'), { kind: 'class', classes: ['none', 'x', 'y'], values: Int32Array.of(1, 2, 0) });
  assert.deepEqual(await targets('c,a'), { kind: 'numbers', columns: ['c', 'a'], values: Float32Array.of(0.5, 1, 1.5, 3, 2.5, 5) });
  assert.deepEqual(await targets('on,off'), { kind: 'labels', classes: ['on', 'off'], values: Uint8Array.of(1, 1, 0, 1, 1, 0) });
  assert.deepEqual(await targets('5'), await targets('kind'));
  assert.deepEqual(await rows((await openDataset(path, { label: 'kind', columns: ['b', 'a'] })).train), [2, 1, 4, 3, 6, 5]);
  await assert.rejects(openDataset(path, { label: 'zzz' }), OptionError);
  await assert.rejects(
    openDataset(path, { label: 'a,kind' }),
    (error) => error instanceof DataError && /"kind" is none of numbers/.test(error.message),
  );
});

test('several targets at the end: those that are named so are all taken, others are pointed out with the option that takes them', async (t) => {
  const folder = await temporaryFolder(t);
  const opened = async (csv: string, options: OpenOptions = {}) => {
    await writeFiles(folder, { 't.csv': csv });
    const messages: string[] = [];
    const { train } = await openDataset(join(folder, 't.csv'), options, { onMessage: ({ text }) => messages.push(text) });
    return { width: train.inputs[0].shape[0], targets: train.targets, said: messages.join('\n') };
  };
  const names = ({ targets }: Awaited<ReturnType<typeof opened>>) =>
    targets && ('classes' in targets ? targets.classes : targets.kind === 'numbers' && targets.columns);
  const labels = await opened('f0,f1,label0,label1\n0.5,1.5,0,1\n1.5,2.5,1,1\n0.1,0.2,0,0\n');
  assert.deepEqual(
    [labels.width, labels.targets],
    [2, { kind: 'labels', classes: ['label0', 'label1'], values: Uint8Array.of(0, 1, 1, 1, 0, 0) }],
  );
  assert.match(labels.said, /the targets are taken from columns "label0", "label1"/);
  assert.deepEqual(names(await opened('f,label_cat,label_dog\n0.5,0,1\n1.5,1,1\n')), ['label_cat', 'label_dog']);
  assert.deepEqual(names(await opened('f,target1,target2\n0.5,3.25,1\n1.5,2.5,7.5\n')), ['target1', 'target2']);
  // A year is none of several y, texts are one class, and a column that is called label is the label.
  assert.equal((await opened('f,year1,year2\n0.5,0,1\n1.5,1,0\n')).width, 2);
  assert.equal((await opened('f,class1,class2\n0.5,a,b\n1.5,b,a\n')).width, 2);
  assert.equal((await opened('label,f,label0,label1\n0,0.5,0,1\n1,1.5,1,0\n')).width, 3);
  const genres = 'f,genre_1,genre_2,genre_3\n0.5,0,1,1\n1.5,1,1,0\n2.5,0,0,0\n';
  const last = await opened(genres);
  assert.equal(last.width, 3);
  const [, option] = /are zeros and ones: --label (\S+) takes all of them as targets/.exec(last.said) ?? [];
  assert.deepEqual(names(await opened(genres, { label: option })), ['genre_1', 'genre_2', 'genre_3']);
  // Where everything is called alike there is nothing to point out.
  assert.doesNotMatch((await opened('x1,x2,x3\n0,1,1\n1,1,0\n')).said, /--label/);
});

test('the columns of a part, or of what is opened for a model, are found by their names', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, {
    'parts/train.csv': 'a,b,price\n1,2,3.5\n4,5,6.5\n',
    'parts/test.csv': 'price,id,b,a\n7.5,0,8,9\n',
    'other.csv': 'price,b,a\n7.5,8,9\n',
    'bare.csv': '9,8,7.5\n',
    'lacking.csv': 'a,c,price\n1,2,3.5\n',
  });
  const { train, test: tested } = await openDataset(join(folder, 'parts'));
  assert.deepEqual(train.inputs[0].names, ['a', 'b']);
  assert.ok(tested);
  assert.deepEqual([await rows(tested), tested.targets], [[9, 8], { kind: 'numbers', columns: ['price'], values: Float32Array.of(7.5) }]);
  const opened = async (file: string, options: OpenOptions = {}) =>
    rows((await openDataset(join(folder, file), { order: ['a', 'b'], ...options })).train);
  assert.deepEqual(await opened('other.csv'), [9, 8]);
  assert.deepEqual(await opened('bare.csv'), [9, 8]);
  assert.deepEqual(await opened('lacking.csv', { columns: ['a', 'c'] }), [1, 2]);
  await assert.rejects(
    opened('lacking.csv'),
    (error) =>
      error instanceof DataError && /lacking\.csv: Column "b" is missing\. Expected a, b, got a, c\..*--columns/.test(error.message),
  );
});

test('whole numbers are classes when they are few or counted, quantities when most are different', async (t) => {
  const folder = await temporaryFolder(t);
  const csv = (value: (i: number) => number) => `x,y\n${Array.from({ length: 60 }, (_, i) => `${i},${value(i)}`).join('\n')}`;
  await writeFiles(folder, { 'few.csv': csv((i) => i % 3), 'counted.csv': csv((i) => i), 'quantity.csv': csv((i) => 7 * i + 20) });
  const kind = async (name: string) => (await openDataset(join(folder, name))).train.targets?.kind;
  assert.deepEqual([await kind('few.csv'), await kind('counted.csv'), await kind('quantity.csv')], ['class', 'class', 'numbers']);
});

test('what cannot be read is refused by file, line and column', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, {
    'open.csv': 'a,b\n1,2\n"x,3\n4,5\n',
    'within.csv': 'a,b\n5"x,2\n',
    'dates.csv': 'when,y\n2020-01-02,1\n2021-03-04,0\n',
    'nested.jsonl': '{"a":{"b":1},"y":0}\n{"a":{"b":2},"y":1}\n',
    'broken.jsonl': '{"a":1,"y":0}\n{"a":\n',
    'object.json': '{"a":1}',
    'missing.csv': 'a,y\n1,x\n2,\n3,z\n',
    'names.csv': `id,n,y\n${Array.from({ length: 40 }, (_, i) => `name ${i},${i},${i % 2}`).join('\n')}`,
    'empty.csv': 'a,b,y\n1,,0\n2,,1\n',
    'damaged.parquet': 'PAR1 and nothing else',
  });
  const refused = (name: string, kind: new (...given: never[]) => EspalierError, reason: RegExp) =>
    assert.rejects(
      openDataset(join(folder, name)),
      (error) => error instanceof kind && reason.test(error.message) && error.message.includes(name),
    );
  await refused('open.csv', FormatError, /line 3: A quote is never closed/);
  await refused('within.csv', FormatError, /line 2.*quote/i);
  await refused('dates.csv', DataError, /Column "when" holds dates/);
  await refused('nested.jsonl', DataError, /record 0|line 1, "a": A value is neither text nor number/);
  await refused('broken.jsonl', FormatError, /line 2: This is no JSON/);
  await refused('object.json', DataError, /no table.*array of flat objects/);
  await refused('missing.csv', DataError, /row 2, column "y": A label is missing/);
  await refused('names.csv', DataError, /Column "id" holds 40 different texts/);
  await refused('empty.csv', DataError, /Column "b" has no value at all/);
  await refused('damaged.parquet', FormatError, /Parquet file cannot be read/);
  const chosen = await openDataset(join(folder, 'names.csv'), { columns: ['n'] });
  assert.deepEqual(chosen.train.inputs[0].shape, [1]);
});

test('JSON Lines and arrays: keys name columns, absent ones are missing, lists are labels', async (t) => {
  const folder = await temporaryFolder(t);
  const records = [
    { a: 1, ok: true, y: ['p', 'q'] },
    { a: 2, ok: false, y: [] },
    { ok: true, y: ['q'] },
  ];
  await writeFiles(folder, {
    'r.jsonl': `${records.map((record) => JSON.stringify(record)).join('\n')}\n`,
    'r.json': JSON.stringify(records),
    'r.ndjson.gz': gzipSync(records.map((record) => JSON.stringify(record)).join('\n')),
  });
  const prints = new Set<string>();
  for (const name of ['r.jsonl', 'r.json', 'r.ndjson.gz']) {
    const { train } = await openDataset(join(folder, name));
    prints.add(train.fingerprint);
    assert.deepEqual(train.targets, { kind: 'labels', classes: ['p', 'q'], values: Uint8Array.of(1, 1, 0, 0, 0, 1) });
    assert.deepEqual(await rows(train), [1, 1, 2, 0, Number.NaN, 1]);
  }
  assert.equal(prints.size, 1);
});

test('Parquet files that pyarrow wrote, Snappy and gzip', async () => {
  for (const name of ['people-snappy.parquet', 'people-gzip.parquet']) {
    const { train } = await openDataset(fixture('tables', name), { columns: ['age', 'height', 'city', 'member'] });
    assert.deepEqual(train.targets, { kind: 'numbers', columns: ['paid'], values: Float32Array.of(10.5, 20.25, 30, 1) });
    assert.deepEqual(await rows(train), [31, 1.5, 0, 1, Number.NaN, 1.75, 1, 0, 52, Number.NaN, 0, 1, 40, 2, Number.NaN, 1]);
    const tagged = await openDataset(fixture('tables', name), { label: 'tags', columns: ['paid'] });
    assert.deepEqual(tagged.train.targets, {
      kind: 'labels',
      classes: ['a', 'b', 'c'],
      values: Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1),
    });
  }
});

test('a Parquet file that says it holds more than is allowed is refused before its rows are made', async () => {
  const bytes = await readFile(fixture('tables', 'people-snappy.parquet'));
  const { rows: all, columns } = await tableFromParquet(bytes, 'people.parquet');
  const needed = 8 * all * columns.length;
  assert.equal((await tableFromParquet(bytes, 'people.parquet', needed)).rows, all);
  await assert.rejects(tableFromParquet(bytes, 'people.parquet', needed - 1), {
    name: 'DataError',
    message: /people.parquet.*more than is allowed.*--max-unpacked/,
  });
});

test('a Parquet file whose columns are not those of its schema is refused, and no error is left to end the process', async () => {
  const bytes = await readFile(fixture('tables', 'people-gzip.parquet'));
  let refused = 0;
  for (let at = bytes.indexOf('tags'); at >= 0; at = bytes.indexOf('tags', at + 1)) {
    const damaged = Uint8Array.from(bytes);
    damaged[at] = 120;
    refused += await tableFromParquet(damaged, 'people.parquet').then(
      () => 0,
      (error) => {
        assert.ok(error instanceof FormatError, String(error));
        return 1;
      },
    );
  }
  assert.ok(refused >= 2, String(refused));
});

test('parts: categories are those of the training part; pieces of a part are joined', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, {
    'train-00000-of-00002.csv': 'c,y\nb,0\na,1\n',
    'train-00001-of-00002.csv': 'c,y\nb,1\n',
    'test-00000-of-00001.csv': 'c,y\na,1\nz,0\n',
  });
  const messages: string[] = [];
  const { train, test: held } = await openDataset(folder, {}, { onMessage: ({ text }) => messages.push(text) });
  assert.deepEqual(
    [await rows(train), await rows(held as Dataset)],
    [
      [1, 0, 1],
      [0, -1],
    ],
  );
  assert.match(messages.join(' '), /categories that the training part has not, which count as none: z/);
});

test('a column of texts is texts, also with delimiters, quotes and line breaks in them', async (t) => {
  const folder = await temporaryFolder(t);
  const words = Array.from({ length: 30 }, (_, i) => `say, "${i}"\nand é`);
  await writeFiles(folder, {
    't.csv': `text,label\n${words.map((word, i) => `"${word.replaceAll('"', '""')}",${i % 2 ? 'pos' : 'neg'}`).join('\n')}`,
  });
  const { train, format } = await openDataset(join(folder, 't.csv'));
  assert.deepEqual([format, train.inputs[0].kind, train.inputs[0].ragged], ['texts in a table', 'text', true]);
  assert.deepEqual(await texts(train), words);
  assert.deepEqual(train.targets && 'classes' in train.targets && train.targets.classes, ['neg', 'pos']);
});

test('a header is found in tables of texts alone, and not where the first row is like the others', () => {
  const named = (text: string) => tableFromCsv(new TextEncoder().encode(text), 'x').named;
  assert.deepEqual(
    [named('sky,play\nsun,no\nrain,yes\n'), named('sun,no\nrain,yes\nsun,no\n'), named('a,label\nx,y\nz,y\n')],
    [true, false, true],
  );
});

test('texts in files: a file for each class by extension or name, class folders, and bytes that are no UTF-8', async (t) => {
  const folder = await temporaryFolder(t);
  const latin = Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x85, 0x21, 10, 0x62, 10);
  await writeFiles(folder, {
    'stem/rt.pos': latin,
    'stem/rt.neg': 'one\ntwo\u0085three\n\n',
    'stem/README': 'about',
    'names/positive.txt': 'good\n',
    'names/negative.txt': 'bad\nworse',
    'docs/train/a/1.txt': 'first\nline',
    'docs/train/b/2.txt': 'second',
    'docs/test/b/3.txt': 'third',
    'bin/x.pos': 'a\0b',
    'bin/x.neg': 'c',
  });
  const stem = await openDataset(join(folder, 'stem'));
  assert.deepEqual(await texts(stem.train), ['one', 'two\u0085three', 'café\u0085!', 'b']);
  assert.deepEqual(stem.train.targets, { kind: 'class', classes: ['neg', 'pos'], values: Int32Array.of(0, 0, 1, 1) });
  const names = await openDataset(join(folder, 'names'));
  assert.deepEqual(names.train.targets, { kind: 'class', classes: ['negative', 'positive'], values: Int32Array.of(0, 0, 1) });
  const docs = await openDataset(join(folder, 'docs'));
  assert.deepEqual([await texts(docs.train), await texts(docs.test as Dataset)], [['first\nline', 'second'], ['third']]);
  await assert.rejects(openDataset(join(folder, 'bin')), /This is no text.*byte of 0/);
});

const polarity = shared('data', 'polarity');
test('polarity: every sentence of both files', { skip: skipWithout(polarity, 'polarity') }, async () => {
  const { train } = await openDataset(polarity as string);
  assert.ok(train.targets?.kind === 'class');
  assert.deepEqual([train.size, train.targets.values.filter((label) => label === 1).length], [10_662, 5331]);
});

test('a limit keeps every class in its share and is the same for the same seed', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, { 't.csv': `x,y\n${Array.from({ length: 90 }, (_, i) => `${i},${i % 3 === 0 ? 'a' : 'b'}`).join('\n')}` });
  const open = (seed: number) => openDataset(join(folder, 't.csv'), { limit: { count: 30, seed } });
  const { train } = await open(1);
  assert.ok(train.targets?.kind === 'class');
  assert.deepEqual([train.size, train.targets.values.filter((label) => label === 0).length], [30, 10]);
  assert.equal((await open(1)).train.fingerprint, train.fingerprint);
  assert.notEqual((await open(2)).train.fingerprint, train.fingerprint);
});
