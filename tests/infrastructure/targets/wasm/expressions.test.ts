import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BinaryOperator,
  binary,
  cast,
  type Expr,
  lanes,
  load,
  loop,
  number,
  type ScalarType,
  type StorageType,
  select,
  store,
  type UnaryOperator,
  unary,
} from '#dist/infrastructure/codegen/index.js';
import { Buffers } from './compared.js';

const floats = [0.5, -1.5, 2.5, -3.75, 1e-3, 7, -0.25, 100.5, 3.5, -2, 0, 12.125, -9.5];
const whole = [1, -2, 3, 7, -8, 100, -77, 5, 0, 12, -1, 2147483647, 9];
const others = [3, 5, -7, 2, 9, -4, 31, 6, 1, -3, 8, 2, 5];
const bigs = whole.map((each) => BigInt(each) * 4294967297n);
const left: Record<ScalarType, readonly number[] | readonly bigint[]> = {
  f32: floats,
  f64: floats,
  i32: whole,
  u32: whole.map((each) => each >>> 0),
  i64: bigs,
  u64: bigs.map((each) => BigInt.asUintN(64, each)),
};
const right: Record<ScalarType, readonly number[] | readonly bigint[]> = {
  f32: others,
  f64: others,
  i32: others,
  u32: others.map(Math.abs),
  i64: others.map(BigInt),
  u64: others.map((each) => BigInt(Math.abs(each))),
};
const types: readonly ScalarType[] = ['f32', 'f64', 'i32', 'u32', 'i64', 'u64'];
const isReal = (type: ScalarType) => type === 'f32' || type === 'f64';
const SIZE = floats.length;

/** The same computation as a plain loop (which becomes vectors where it can), as a marked vector loop, and for one element. */
function everyWay(result: StorageType, inputs: (buffers: Buffers) => (at: Expr) => Expr, ulps = 0): void {
  const ways = [
    (each: (at: Expr) => ReturnType<typeof store>[]) => loop('i', SIZE, each),
    (each: (at: Expr) => ReturnType<typeof store>[]) => lanes(0, SIZE, (_lane, at) => each(at)),
    (each: (at: Expr) => ReturnType<typeof store>[]) => each(number(SIZE - 2)),
  ];
  for (const way of ways) {
    const buffers = new Buffers();
    const value = inputs(buffers);
    const y = buffers.output('y', result, SIZE);
    buffers.check(
      way((at) => [store(y, at, value(at))]),
      { ulps },
    );
  }
}

const arithmetic: readonly BinaryOperator[] = ['add', 'sub', 'mul', 'div', 'min', 'max'];
const ofIntegers: readonly BinaryOperator[] = ['mod', 'and', 'or', 'xor'];
const comparisons: readonly BinaryOperator[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

for (const type of types) {
  test(`operations on two ${type}`, () => {
    for (const op of isReal(type) ? arithmetic : [...arithmetic, ...ofIntegers])
      everyWay(type, (buffers) => {
        const [a, b] = [buffers.input('a', type, left[type]), buffers.input('b', type, right[type])];
        return (at) => binary(op, load(a, at), load(b, at));
      });
  });

  test(`comparisons of two ${type}`, () => {
    for (const op of comparisons)
      everyWay('i32', (buffers) => {
        const [a, b] = [
          buffers.input('a', type, left[type]),
          buffers.input('b', type, [...right[type].slice(0, 7), ...left[type].slice(7)] as number[]),
        ];
        return (at) => binary(op, load(a, at), load(b, at));
      });
  });

  test(`operations on one ${type}`, () => {
    const common: readonly UnaryOperator[] = type.startsWith('u') ? ['not'] : ['neg', 'abs', 'not'];
    for (const op of isReal(type) ? ([...common, 'floor', 'ceil', 'trunc', 'round', 'isnan'] as const) : common)
      everyWay(op === 'not' || op === 'isnan' ? 'i32' : type, (buffers) => {
        const a = buffers.input('a', type, left[type]);
        return (at) => unary(op, load(a, at));
      });
  });

  test(`${type} cast to all types`, () => {
    for (const to of types)
      everyWay(to, (buffers) => {
        // Floats are cast to unsigned integers within their range.
        const values = isReal(type) && to.startsWith('u') ? floats.map(Math.abs) : left[type];
        const a = buffers.input('a', type, values);
        return (at) => cast(to, load(a, at));
      });
  });
}

test('shifts, by a constant and by what differs from element to element', () => {
  for (const type of ['i32', 'u32', 'i64', 'u64'] as const)
    for (const op of ['shl', 'shr'] as const) {
      const by = (value: number) => number(type.endsWith('64') ? BigInt(value) : value, type);
      everyWay(type, (buffers) => {
        const a = buffers.input('a', type, left[type]);
        return (at) => binary(op, load(a, at), by(3));
      });
      everyWay(type, (buffers) => {
        const [a, b] = [buffers.input('a', type, left[type]), buffers.input('b', 'u8', others.map(Math.abs))];
        return (at) => binary(op, load(a, at), cast(type, load(b, at)));
      });
    }
});

test('functions of JavaScript are imported for floats, each once', () => {
  const inside = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, 0.9, 0.05, -0.15, 0.25, 0.35];
  for (const type of ['f32', 'f64'] as const) {
    for (const op of ['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'asinh', 'atanh'] as const)
      everyWay(type, (buffers) => {
        const a = buffers.input('a', type, inside);
        return (at) => unary(op, load(a, at));
      });
    for (const op of ['pow', 'atan2', 'fmod'] as const)
      everyWay(type, (buffers) => {
        const [a, b] = [buffers.input('a', type, inside.map(Math.abs)), buffers.input('b', type, others)];
        return (at) => binary(op, load(a, at), load(b, at));
      });
  }
  const buffers = new Buffers();
  const [a, y] = [buffers.input('a', 'f32', inside), buffers.output('y', 'f32', SIZE)];
  const module = buffers.check(
    loop('i', SIZE, (i) => [store(y, i, binary('add', unary('sin', load(a, i)), unary('sin', unary('cos', load(a, i)))))]),
  );
  assert.deepEqual([...module.imports].sort(), ['cos', 'sin']);
});

test('elements narrower than 32 bits are widened as they are read and cut as they are stored', () => {
  for (const type of ['i8', 'u8', 'i16', 'u16'] as const) {
    const values = whole.map((each) =>
      type.startsWith('u') ? each & (type === 'u8' ? 255 : 65535) : type === 'i8' ? (each << 24) >> 24 : (each << 16) >> 16,
    );
    everyWay(type, (buffers) => {
      const a = buffers.input('a', type, values);
      return (at) => binary('mul', load(a, at), binary('add', load(a, at), number(300)));
    });
    everyWay('f32', (buffers) => {
      const a = buffers.constant('a', type, values);
      return (at) => binary('mul', cast('f32', load(a, at)), number(0.5, 'f32'));
    });
  }
});

test('4- and 2-bit numbers are unpacked, at known and unknown places', () => {
  for (const type of ['i4', 'u4', 'i2', 'u2'] as const) {
    const bits = Number(type[1]);
    const values = Array.from({ length: SIZE }, (_, i) => ((i * 7) % 2 ** bits) - (type.startsWith('i') ? 2 ** (bits - 1) : 0));
    everyWay('i32', (buffers) => {
      const a = buffers.constant('a', type, values);
      return (at) => load(a, at);
    });
  }
});

test('only the side of a selection that is chosen is computed: the other may read outside of its buffer', () => {
  everyWay('f32', (buffers) => {
    const a = buffers.input('a', 'f32', floats);
    const far = 2 ** 26;
    return (at) =>
      select(
        binary('lt', at, number(5)),
        load(a, binary('add', at, number(1))),
        load(a, select(binary('lt', at, number(5)), number(far), at)),
      );
  });
  everyWay('f32', (buffers) => {
    const a = buffers.input('a', 'f32', floats);
    return (at) => select(binary('gt', load(a, at), number(0, 'f32')), load(a, at), binary('mul', load(a, at), number(0.1, 'f32')));
  });
});
