import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, FunctionBody, ModuleBuilder, signed, unsigned } from '#dist/infrastructure/targets/wasm/assembler/index.js';

const engine = (
  globalThis as unknown as {
    WebAssembly: {
      validate(bytes: Uint8Array): boolean;
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports?: object) => { exports: Record<string, (...given: unknown[]) => unknown> };
    };
  }
).WebAssembly;

test('numbers in groups of seven bits are those of the examples of DWARF, where the form comes from', () => {
  const unsignedOnes: [number, number[]][] = [
    [2, [2]],
    [127, [127]],
    [128, [0x80, 1]],
    [129, [0x81, 1]],
    [12857, [0xb9, 0x64]],
    [2 ** 32 - 1, [255, 255, 255, 255, 15]],
  ];
  for (const [value, bytes] of unsignedOnes) assert.deepEqual(unsigned(value), bytes);
  const signedOnes: [number | bigint, number[]][] = [
    [2, [2]],
    [-2, [0x7e]],
    [127, [0xff, 0]],
    [-127, [0x81, 0x7f]],
    [128, [0x80, 1]],
    [-128, [0x80, 0x7f]],
    [-129, [0xff, 0x7e]],
  ];
  for (const [value, bytes] of signedOnes) assert.deepEqual(signed(value), bytes);
  assert.deepEqual(signed(-(2n ** 63n)), [...new Array(9).fill(0x80), 0x7f]);
});

test('constants of all types come back as they were given', () => {
  const returned = (type: 'i32' | 'i64' | 'f32' | 'f64', write: (code: Code) => void) => {
    const body = new FunctionBody([], [type]);
    write(body.code);
    const module = new ModuleBuilder();
    module.exportFunction('of', module.add(body, body.bytes()));
    return new engine.Instance(new engine.Module(module.bytes(0))).exports.of();
  };
  for (const value of [0, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31)])
    assert.equal(
      returned('i32', (code) => code.i32(value)),
      value,
    );
  for (const value of [0n, -1n, 2n ** 62n, -(2n ** 63n), 2n ** 63n - 1n])
    assert.equal(
      returned('i64', (code) => code.i64(value)),
      value,
    );
  for (const value of [0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY]) {
    assert.ok(
      Object.is(
        returned('f32', (code) => code.f32(value)),
        Math.fround(value),
      ),
    );
    assert.ok(
      Object.is(
        returned('f64', (code) => code.f64(value)),
        value,
      ),
    );
  }
});

test('functions, imports, memory and data are found where they were put', () => {
  const module = new ModuleBuilder([{ module: 'Math', name: 'hypot', parameters: ['f64', 'f64'], results: ['f64'] }]);
  const body = new FunctionBody(['f64'], ['f64']);
  const three = body.local('f64');
  body.code.i32(300).access('f64.load', 8).set(three).get(0).get(three).op('call', 0);
  module.exportFunction('length', module.add(body, body.bytes()));
  module.exportMemory('memory');
  module.data(308, new Uint8Array(Float64Array.of(3).buffer));
  const bytes = module.bytes(70_000);
  const { length, memory } = new engine.Instance(new engine.Module(bytes), { Math: { hypot: Math.hypot } }).exports;
  assert.equal(length(4), 5);
  assert.equal((memory as unknown as { buffer: ArrayBuffer }).buffer.byteLength, 2 * 65_536);
});

test('code that is added may still be written to', () => {
  const body = new FunctionBody(['i32'], ['i32']);
  const later = new Code();
  body.code.add(later).get(0).i32(1).op('i32.add');
  later.get(0).i32(10).op('i32.mul').set(0);
  const module = new ModuleBuilder();
  module.exportFunction('of', module.add(body, body.bytes()));
  assert.equal(new engine.Instance(new engine.Module(module.bytes(0))).exports.of(4), 41);
});
