import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  add,
  assign,
  binary,
  cast,
  lanes,
  load,
  local,
  loop,
  loops,
  mul,
  mutable,
  number,
  over,
  plus,
  range,
  read,
  register,
  registers,
  repeatWhile,
  rest,
  type Statement,
  set,
  store,
  times,
  when,
} from '#dist/infrastructure/codegen/index.js';
import { Buffers } from './compared.js';

const numbers = (size: number) => Array.from({ length: size }, (_, i) => ((i * 37) % 23) - 11);

test('matrices by tiles of rows and lanes, with a rest of each', () => {
  for (const [rows, depth, columns] of [
    [5, 7, 13],
    [4, 8, 8],
    [1, 3, 4],
    [6, 1, 2],
  ])
    for (const type of ['f32', 'i8'] as const) {
      const buffers = new Buffers();
      const [a, b] = [buffers.input('a', type, numbers(rows * depth)), buffers.constant('b', type, numbers(depth * columns))];
      const wide = type === 'i8' ? 'i32' : 'f32';
      const y = buffers.output('y', wide, rows * columns);
      const sum = registers('sum', wide, columns);
      buffers.check(
        loop('row', rows, (row) => [
          { kind: 'registers', registers: sum },
          ...lanes(0, columns, (lane) => [set(sum, lane, number(0, wide))]),
          ...loop('k', depth, (k) =>
            local('x', load(a, plus(times(row, depth), k)), (x) =>
              lanes(0, columns, (lane) =>
                local('w', load(b, plus(times(k, columns), lane)), (w) => [set(sum, lane, add(register(sum, lane), mul(x, w)))]),
              ),
            ),
          ),
          ...lanes(0, columns, (lane) => [store(y, plus(times(row, columns), lane), register(sum, lane))]),
        ]),
      );
    }
});

test('products in pairs are dot products where both numbers lie beside each other, and right where they do not', () => {
  for (const gap of [1, 3])
    for (const type of ['i8', 'u8'] as const) {
      const [depth, size] = [8, 12];
      const buffers = new Buffers();
      const x = buffers.input(
        'x',
        type,
        numbers(depth * gap).map((each) => (type === 'u8' ? each + 100 : each - 117)),
      );
      const w = buffers.constant(
        'w',
        'i8',
        numbers(depth * size).map((each) => each * 11),
      );
      const y = buffers.output('y', 'i32', size);
      const sum = registers('sum', 'i32', size);
      const factor = (k: Parameters<typeof times>[0]) => plus(load(x, times(k, gap)), 128);
      buffers.check([
        { kind: 'registers', registers: sum },
        ...lanes(0, size, (lane) => [set(sum, lane, number(5))]),
        ...range(
          'k',
          0,
          depth,
          (k) =>
            local('x', factor(k), (a) =>
              local('x', factor(plus(k, 1)), (b) =>
                lanes(0, size, (lane) =>
                  local('w', load(w, plus(times(k, size), times(lane, 2))), (v) =>
                    local('w', load(w, plus(times(k, size), times(lane, 2), 1)), (u) => [
                      set(sum, lane, add(add(register(sum, lane), mul(a, v)), mul(b, u))),
                    ]),
                  ),
                ),
              ),
            ),
          { step: 2 },
        ),
        ...lanes(0, size, (lane) => [store(y, lane, register(sum, lane))]),
      ]);
    }
});

test('a vector loop whose values need 64 bits runs lane by lane', () => {
  const buffers = new Buffers();
  const [a, y] = [
    buffers.input(
      'a',
      'i32',
      numbers(11).map((each) => each * 1e8),
    ),
    buffers.output('y', 'i8', 11),
  ];
  buffers.check(
    lanes(0, 11, (_lane, at) =>
      local('wide', mul(cast('i64', load(a, at)), number(1234567n, 'i64')), (wide) => [
        store(y, at, cast('i32', binary('shr', add(wide, binary('and', wide, number(7n, 'i64'))), number(40n, 'i64')))),
      ]),
    ),
  );
});

test('places that go backwards, lie before the buffer without their offset, or come from memory', () => {
  const buffers = new Buffers();
  const [a, at] = [buffers.input('a', 'f32', numbers(40)), buffers.input('at', 'i64', [7n, 0n, 31n, 5n])];
  const y = buffers.output('y', 'f32', 40);
  const z = buffers.output('z', 'f32', 8);
  buffers.check([
    ...loop('i', 40, (i) => [store(y, i, load(a, plus(39, times(i, -1))))]),
    ...loops(['i', 'j'], [4, 2], ([i, j]) => [store(z, plus(times(i, 2), j), load(a, plus(cast('i32', load(at, i)), times(j, 4))))]),
  ]);
  const windows = new Buffers();
  const x = windows.input('x', 'f32', numbers(20));
  const sums = windows.output('y', 'f32', 20);
  windows.check(
    loop('i', 20, (i) =>
      local('from', binary('max', number(0), plus(2, times(i, -1))), (low) =>
        local('to', binary('min', number(5), plus(22, times(i, -1))), (high) =>
          mutable('sum', 'f32', number(0, 'f32'), (sum) => [
            ...range('k', low, high, (k) => [assign(sum, add(read(sum), load(x, plus(i, k, -2))))], { within: [0, 4] }),
            store(sums, i, read(sum)),
          ]),
        ),
      ),
    ),
  );
});

test('quotients and remainders of counts', () => {
  const buffers = new Buffers();
  const [a, y] = [buffers.input('a', 'f32', numbers(60)), buffers.output('y', 'f32', 60)];
  buffers.check(loop('i', 60, (i) => [store(y, i, load(a, plus(times(rest(i, 7), 8), over(i, 12))))]));
});

test('a variable that changes is read anew: after it is set, in loops, and after conditions', () => {
  const buffers = new Buffers();
  const [a, y] = [buffers.input('a', 'f32', numbers(64)), buffers.output('y', 'f32', 64)];
  const body = mutable('at', 'i32', number(0), (at): Statement[] => [
    ...repeatWhile(binary('lt', read(at), number(60)), [
      ...loop('j', 3, (j) => [store(y, plus(read(at), j), load(a, plus(60, times(read(at), -1), j)))]),
      ...when(
        binary('eq', rest(read(at), 2), number(0)),
        [assign(at, plus(read(at), 1)), store(y, read(at), load(a, plus(read(at), 2)))],
        [assign(at, plus(read(at), 3)), ...loop('j', 2, (j) => [store(y, plus(read(at), j), load(a, plus(read(at), times(j, -3))))])],
      ),
      store(y, plus(read(at), 1), load(a, read(at))),
    ]),
    store(y, 63, cast('f32', read(at))),
  ]);
  buffers.check(body);
});

test('loops without a round, with steps, and with rounds left over', () => {
  for (const size of [0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 31]) {
    const buffers = new Buffers();
    const [a, y] = [buffers.input('a', 'f32', numbers(40)), buffers.output('y', 'f32', 40)];
    buffers.check([
      ...range('i', 3, 3 + size, (i) => [store(y, i, mul(load(a, i), load(a, i)))]),
      ...range('i', size, 40, (i) => [store(y, i, load(a, times(over(i, 2), 2)))], { step: 3 }),
    ]);
  }
});

test('rounds that read what others write are not run at once', () => {
  const buffers = new Buffers();
  const [a, y] = [buffers.input('a', 'f32', numbers(20)), buffers.output('y', 'f32', 20)];
  buffers.check([store(y, 0, load(a, 0)), ...range('i', 1, 20, (i) => [store(y, i, add(load(y, plus(i, -1)), load(a, i)))])]);
});

test('registers that a loop counts through become locals', () => {
  const buffers = new Buffers();
  const [a, y] = [buffers.input('a', 'f64', numbers(30)), buffers.output('y', 'f64', 6)];
  const most = registers('most', 'f64', 6);
  buffers.check([
    { kind: 'registers', registers: most },
    ...loop('i', 6, (i) => [set(most, i, load(a, i))]),
    ...loop('j', 5, (j) => loop('i', 6, (i) => [set(most, i, binary('max', register(most, i), load(a, plus(times(j, 6), i))))])),
    ...loop('i', 6, (i) => [store(y, i, register(most, i))]),
  ]);
});

test('kernels of one structure are one function', () => {
  const kernel = (from: Buffers, name: string) => {
    const [a, y] = [from.input(`a${name}`, 'f32', numbers(9)), from.output(`y${name}`, 'f32', 9)];
    return loop('i', 9, (i) => [store(y, i, add(load(a, i), load(a, i)))]);
  };
  const [one, two] = [new Buffers(), new Buffers()];
  const alone = one.check(kernel(one, '0'));
  const both = two.checkAll([kernel(two, '0'), kernel(two, '1')]);
  assert.ok(both.bytes.length < alone.bytes.length + 40, `${both.bytes.length} bytes for two, ${alone.bytes.length} for one`);
});
