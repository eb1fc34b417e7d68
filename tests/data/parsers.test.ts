import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DataError, FormatError, OptionError, UnsupportedError } from 'espalier/base';
import { parseCsv, parseIdx, parseNpy, parseNpz } from 'espalier/data';
import { fromFloat16, toFloat16 } from '#dist/data/float16.js';
import { classesOf, numberLabels, type TargetOptions, targetsFromTensor, targetsFromTexts } from '#dist/data/formats/labels.js';
import { tableFromCsv } from '#dist/data/formats/tables/from-csv.js';
import { tableFromJsonLines } from '#dist/data/formats/tables/from-json.js';
import { asNumbers } from '#dist/data/preprocess/apply.js';
import { fixture } from '../support/paths.js';
import { numbersOf } from './support.js';

interface Expected {
  [file: string]: { shape: number[]; values: number[]; bits: number[] };
}

const expected: Expected = JSON.parse(readFileSync(fixture('data', 'expected.json'), 'utf8'));
const bytes = (name: string) => new Uint8Array(readFileSync(fixture('data', name)));
const text = (content: string) => new TextEncoder().encode(content);

test('.npy files that numpy wrote are read to the same values, in every number type and byte order', () => {
  const files = Object.keys(expected).filter((name) => name.endsWith('.npy'));
  assert.equal(files.length, 15);
  for (const file of files) {
    const tensor = parseNpy(bytes(file), file);
    assert.deepEqual(tensor.shape, expected[file].shape, file);
    assert.deepEqual(Array.from(asNumbers(tensor)), expected[file].values, file);
  }
});

test('.npy files that cannot be read are refused with their name', () => {
  assert.throws(
    () => parseNpy(bytes('fortran.npy'), 'fortran.npy'),
    (error) => error instanceof UnsupportedError && /fortran\.npy.*Fortran order/.test(error.message),
  );
  assert.throws(() => parseNpy(bytes('text.npy'), 'text.npy'), UnsupportedError);
  assert.throws(() => parseNpy(bytes('lf4.npy').subarray(0, 100), 'cut.npy'), FormatError);
  assert.throws(() => parseNpy(bytes('lf4.npy').subarray(0, 140), 'cut.npy'), /cut off.*Expected 176 bytes, got 140/);
  assert.throws(() => parseNpy(text('hello'), 'x.npy'), FormatError);
  assert.throws(() => parseNpy(Uint8Array.of(0x93, ...text('NUMPY'), 2, 0, 118, 0, 123), 'x.npy'), /cut off.*Expected 12 bytes, got 11/);
});

test('.npz archives are read stored and deflated', () => {
  for (const name of ['stored.npz', 'deflated.npz']) {
    const arrays = parseNpz(bytes(name), name);
    assert.deepEqual(Object.keys(arrays), ['tokens', 'mask', 'label']);
    assert.deepEqual(arrays.tokens.shape, [4, 3]);
    assert.deepEqual(Array.from(asNumbers(arrays.tokens)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.equal(arrays.mask.type, 'bool');
    assert.deepEqual(numbersOf(arrays.label), [0, 1, 1, 0]);
  }
  assert.throws(() => parseNpz(bytes('stored.npz').subarray(0, 300), 'cut.npz'), /cut\.npz: The archive cannot be unpacked/);
});

test('half precision agrees with numpy in both directions', () => {
  const { values, bits } = expected.float16;
  assert.deepEqual(values.map(toFloat16), bits);
  for (const [i, half] of bits.entries()) {
    if (Number.isFinite(fromFloat16(half))) assert.equal(toFloat16(fromFloat16(half)), half, String(values[i]));
  }
  assert.equal(fromFloat16(0x3555), 0.333251953125);
  assert.equal(fromFloat16(toFloat16(Number.POSITIVE_INFINITY)), Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(fromFloat16(toFloat16(Number.NaN))));
});

test('IDX: types, big-endian numbers, and files that lie about their length', () => {
  const shorts = Uint8Array.of(0, 0, 11, 1, 0, 0, 0, 2, 1, 2, 255, 255);
  assert.deepEqual(parseIdx(shorts, 'x'), { type: 'int16', shape: [2], data: Int16Array.of(258, -1) });
  assert.throws(() => parseIdx(shorts.subarray(0, 11), 'x'), /length does not fit.*Expected 12 bytes, got 11/);
  assert.throws(() => parseIdx(text('nonsense'), 'x'), FormatError);
  assert.throws(() => parseIdx(new Uint8Array(0), 'x'), FormatError);
});

test('CSV: with and without a header, the label last, named, numbered or absent', () => {
  const plain = parseCsv(text('1,2,cat\r\n3,4,dog\r\n'), 'x');
  assert.deepEqual(plain.features.shape, [2, 2]);
  assert.deepEqual(numbersOf(plain.features), [1, 2, 3, 4]);
  assert.deepEqual(plain.labels, ['cat', 'dog']);
  assert.equal(plain.header, undefined);
  const headed = parseCsv(text('label;a;b\n7;1;2\n8;3;4'), 'x');
  assert.deepEqual(
    [headed.labels, headed.header],
    [
      ['7', '8'],
      ['label', 'a', 'b'],
    ],
  );
  assert.deepEqual(parseCsv(text('a,b\n1,2\n3,4\n'), 'x', { label: 'a' }).labels, ['1', '3']);
  assert.deepEqual(parseCsv(text('1,2\n3,4\n'), 'x', { label: '0' }).labels, ['1', '3']);
  const unlabelled = parseCsv(text('1,2\n3,4\n'), 'x', { label: false });
  assert.deepEqual([unlabelled.labels, unlabelled.features.shape], [undefined, [2, 2]]);
});

test('CSV: quotes may hold delimiters, quotes and line breaks', () => {
  const { labels, features } = parseCsv(text('a,name\n1,"x, ""y""\nz"\n2,plain\n'), 'x');
  assert.deepEqual(labels, ['x, "y"\nz', 'plain']);
  assert.deepEqual(numbersOf(features), [1, 2]);
});

test('CSV: what is wrong is named by line and column', () => {
  assert.throws(
    () => parseCsv(text('a,b,c\n1,2,x\n1,,y\n'), 't.csv'),
    (error) => error instanceof DataError && /t\.csv, line 3, column 1 \("b"\): A value is missing/.test(error.message),
  );
  assert.throws(() => parseCsv(text('1,2,x\n1,y,z\n'), 't.csv'), /line 2, column 1: A feature is no number/);
  assert.throws(() => parseCsv(text('1,2,x\n1,2\n'), 't.csv'), /Line 2 has another number of cells. Expected 3, got 2/);
  assert.throws(() => parseCsv(text('1,nan,x\n1,2,y\n'), 't.csv'), DataError);
  assert.throws(() => parseCsv(text('\n\n'), 't.csv'), /The table is empty/);
  assert.throws(() => parseCsv(text('a,b\n'), 't.csv', { header: true }), /no rows/);
  assert.throws(() => parseCsv(text('1,"x\n'), 't.csv'), /never closed/);
  assert.throws(() => parseCsv(text('a,b\n1,2\n'), 't.csv', { label: 'c' }), OptionError);
});

test('labels: whole numbers keep their value, texts are sorted', () => {
  assert.deepEqual(classesOf(['2', '0', '10'], 'x'), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  assert.deepEqual(classesOf(['3', '20', '8'], 'x'), ['3', '8', '20']);
  assert.deepEqual(classesOf(['dog', 'cat', 'Dog'], 'x'), ['Dog', 'cat', 'dog']);
  assert.deepEqual(numberLabels(['1', '0', 'b'], ['a', 'b'], 'x'), Int32Array.of(1, 0, 1));
  assert.deepEqual(numberLabels(['3.0', '8'], ['3', '8'], 'x'), Int32Array.of(0, 1));
  assert.throws(() => numberLabels(['1'], ['3', '8'], 'x'), /label of sample 0 is none of the classes/);
});

test('fractions among numbers are numbers to predict, by the name of their column; they are classes only where that is said', () => {
  const texts = ['1.5', '2', '-3e-2'];
  assert.deepEqual(targetsFromTexts(texts, 'x', {}, 'price'), {
    kind: 'numbers',
    columns: ['price'],
    values: Float32Array.of(1.5, 2, -3e-2),
  });
  assert.equal(targetsFromTexts(['1', '2', '3'], 'x', {}).kind, 'class');
  assert.equal(targetsFromTexts(['1.5', 'two', '3'], 'x', {}).kind, 'class', 'a text among them names a class');
  const asked = targetsFromTexts(texts, 'x', { targets: 'class' });
  assert.deepEqual(asked, { kind: 'class', classes: ['-0.03', '1.5', '2'], values: Int32Array.of(1, 2, 0) });
  assert.deepEqual(targetsFromTexts(['1', '2'], 'x', { targets: 'numbers' }).values, Float32Array.of(1, 2));
  // What the training part has decides for the others.
  const like = targetsFromTexts(texts, 'x', {}, 'price');
  assert.deepEqual(targetsFromTexts(['4', '5'], 'x', { like }, 'price').values, Float32Array.of(4, 5));
  for (const wrong of ['', 'none', 'NaN', 'Infinity'])
    assert.throws(() => targetsFromTexts(['1', wrong], 'x', { like }), /target of sample 1 is no finite number/, `"${wrong}"`);
});

test('several columns: one-hot rows are classes, other zeros and ones labels, anything else numbers', () => {
  const rows = (...numbers: number[][]) => ({
    type: 'float32' as const,
    shape: [numbers.length, numbers[0].length],
    data: Float32Array.from(numbers.flat()),
  });
  const oneHot = targetsFromTensor(rows([0, 1, 0], [1, 0, 0], [0, 0, 1]), 'x', {});
  assert.deepEqual(oneHot, { kind: 'class', classes: ['0', '1', '2'], values: Int32Array.of(1, 0, 2) });
  const labels = targetsFromTensor(rows([1, 1, 0], [0, 0, 0]), 'x', { classes: ['a', 'b', 'c'] });
  assert.deepEqual(labels, { kind: 'labels', classes: ['a', 'b', 'c'], values: Uint8Array.of(1, 1, 0, 0, 0, 0) });
  const numbers = targetsFromTensor(rows([1, 2], [0, 0.5]), 'x', { classes: ['width', 'height'] });
  assert.deepEqual(numbers, { kind: 'numbers', columns: ['width', 'height'], values: Float32Array.of(1, 2, 0, 0.5) });
  assert.equal(targetsFromTensor(rows([1, 0], [0, 1]), 'x', { targets: 'labels' }).kind, 'labels', 'one-hot by chance');
  assert.deepEqual(targetsFromTensor(rows([0.5], [2]), 'x', {}).kind, 'numbers');
  const refused = (tensor: ReturnType<typeof rows>, options: TargetOptions, message: RegExp) =>
    assert.throws(
      () => targetsFromTensor(tensor, 'x', options),
      (error) => error instanceof DataError && message.test(error.message),
      String(message),
    );
  // Parts of other forms or widths than the training part's would be read as something else than they are.
  refused(rows([0.5, 0, 1]), { like: labels }, /zeros and ones/);
  refused(rows([1, 1, 0]), { like: oneHot }, /one 1 among zeros/);
  refused(rows([1, 1]), { like: labels }, /3 names|2 names, one for each column/);
  refused(rows([1]), { like: labels }, /1 names, one for each column/);
  refused(rows([1, 2, 3]), { like: numbers }, /3 names, one for each column/);
  refused(rows([1, 2, 3]), { classes: ['a'] }, /3 names, one for each column/);
});

test('names of columns are compared in linear time; tables of more columns than are read are refused', () => {
  const names = Array.from({ length: 99_998 }, (_, i) => `c${i}`);
  const table = (columns: string[]) => text(`${columns.join(',')}\n${columns.map(() => '1').join(',')}\n`);
  assert.equal(tableFromCsv(table(names), 't.csv').columns.length, 99_998);
  assert.throws(() => tableFromCsv(table([...names, 'c7', 'c3']), 't.csv'), /Two columns are called "c7"/);
  assert.throws(() => tableFromCsv(table([...names, 'a', 'b', 'c']), 't.csv'), /too many columns.*at most 100000, got 100001.*npy/);
});

test('lines that each bring another key are refused before their empty cells take memory', () => {
  const lines = (count: number) => text(Array.from({ length: count }, (_, i) => `{"k${i}": 1}\n`).join(''));
  assert.equal(tableFromJsonLines(lines(1000), 't.jsonl').columns.length, 1000);
  assert.throws(() => tableFromJsonLines(lines(50_000), 't.jsonl'), /Most cells of the table would be empty.*different keys so far/);
});
