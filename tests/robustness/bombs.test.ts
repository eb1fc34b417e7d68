import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EspalierError } from 'espalier/base';
import { decodeModel, SymbolicDim } from 'espalier/onnx';
import { inferShapes } from 'espalier/ops';
import { field, join, model, number, repeated, varint } from '../support/wire.js';

/** Bytes of memory that refusing a small file may take. */
const MEMORY = 600e6;

const floatTensor = (dims: number[], ...contents: Uint8Array[]) =>
  field(5, join([...dims.map((dim) => number(1, dim)), number(2, 1), field(8, 'w'), ...contents]));

/** A message inside itself, by fields in turn. */
function nested(fields: readonly number[], depth: number): Uint8Array {
  let inner: Uint8Array = new Uint8Array(0);
  for (let level = depth - 1; level >= 0; level--) inner = field(fields[level % fields.length], inner);
  return inner;
}

const bombs: Record<string, [bytes: () => Uint8Array, message: RegExp]> = {
  'subgraphs 5000 deep': [() => field(7, nested([1, 5, 6], 15000)), /nested more than 100 deep/],
  'types 5000 deep': [() => model(field(11, join([field(1, 'x'), field(2, nested([4, 1], 10000))]))), /nested more than 100 deep/],
  'a length of 2^60': [() => join([Uint8Array.of(0x3a), Uint8Array.from(varint(2 ** 60))]), /reaches past the end/],
  'a raw_data of 4 GB in 100 bytes': [
    () => model(field(5, join([Uint8Array.of(0x4a), Uint8Array.from(varint(2 ** 32))]))),
    /reaches past the end/,
  ],
  'a number that never ends': [() => new Uint8Array(5000).fill(0xff), /more than ten bytes/],
  'dimensions of 2^50 without contents': [
    () => model(floatTensor([2 ** 50])),
    /Contents do not fill a float32 tensor of shape \[1125899906842624\]/,
  ],
  'dimensions whose product is no number': [() => model(floatTensor(new Array(30).fill(2 ** 52))), /Contents do not fill/],
  'dimensions of 2^31 and four bytes': [() => model(floatTensor([2 ** 31], field(9, [0, 0, 0, 0]))), /Expected 8589934592 bytes, got 4/],
  'a sparse tensor of 2^50 elements': [
    () => {
      const tensor = (name: number, type: number, bytes: number) =>
        field(name, join([number(1, 1), number(2, type), field(9, new Uint8Array(bytes))]));
      return model(field(15, join([tensor(1, 1, 4), tensor(2, 7, 8), number(3, 2 ** 50)])));
    },
    /dimensions are out of range/,
  ],
  'ten million empty nodes': [() => model(repeated(field(1, []), 1e7)), /would take more than 2 GB of memory/],
  'ten million empty attributes': [() => model(field(1, repeated(field(5, []), 1e7))), /would take more than 2 GB of memory/],
  'a hundred million small integers': [
    () => model(field(5, join([number(1, 1e8), number(2, 7), field(7, new Uint8Array(1e8))]))),
    /would take more than 2 GB of memory/,
  ],
  'ten million opset imports': [() => join([field(7, []), repeated(field(8, []), 1e7)]), /would take more than 2 GB of memory/],
  'forty million dimensions': [() => model(field(5, repeated(number(1, 1), 4e7))), /would take more than 2 GB of memory/],
};

describe('bombs are refused without taking the memory that they ask for', () => {
  for (const [name, [bytes, message]] of Object.entries(bombs)) {
    test(name, () => {
      const bomb = bytes();
      const before = process.memoryUsage.rss();
      assert.throws(
        () => decodeModel(bomb, { source: 'bomb.onnx' }),
        (error: unknown) => {
          assert.ok(error instanceof EspalierError, String(error));
          assert.match(error.message, message);
          assert.ok(error.message.startsWith('bomb.onnx'));
          return true;
        },
      );
      assert.ok(process.memoryUsage.rss() - before < MEMORY);
    });
  }
});

test('names that are properties of every object, and a byte order mark, are names', () => {
  const odd = ['constructor', '__proto__', 'toString', '\ufeffbom', ' ', '日本', 'a\nb'];
  const shape = odd.map((name) => field(1, field(2, name)));
  const type = field(2, field(1, join([number(1, 1), field(2, join(shape))])));
  const node = (name: string) => field(1, join([field(1, name), field(2, `${name}.out`), field(3, name), field(4, 'Relu')]));
  const bytes = model(
    ...odd.map(node),
    ...odd.map((name) => field(11, join([field(1, name), type]))),
    ...odd.map((name) => field(12, field(1, `${name}.out`))),
  );
  const loaded = decodeModel(bytes);
  assert.deepEqual(inferShapes(loaded), []);
  assert.equal(loaded.graph.outputs.length, odd.length);
  assert.ok(loaded.graph.outputs.every(({ shape: dims }) => dims?.every((dim) => dim instanceof SymbolicDim)));
});
