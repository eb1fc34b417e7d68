import type { Random } from 'espalier/base';
import { field, join, model, number, varint } from '../wire.js';

const text = (fieldNumber: number, value: string) => field(fieldNumber, value);

/** An attribute: an integer, a list of integers or a graph. */
const attribute = (name: string, type: number, ...contents: Uint8Array[]) => field(5, join([text(1, name), ...contents, number(20, type)]));

export function node(op: string, inputs: readonly string[], outputs: readonly string[], ...attributes: Uint8Array[]): Uint8Array {
  return field(1, join([...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, op), ...attributes]));
}

export function declared(fieldNumber: number, name: string, dims: readonly (number | string)[], type = 1): Uint8Array {
  const shape = field(2, join(dims.map((dim) => field(1, typeof dim === 'string' ? text(2, dim) : number(1, dim)))));
  return field(fieldNumber, join([text(1, name), field(2, field(1, join([number(1, type), shape])))]));
}

/** An int64 initializer. */
export function integers(name: string, values: readonly number[], dims: readonly number[] = [values.length]): Uint8Array {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return field(5, join([...dims.map((dim) => number(1, dim)), number(2, 7), text(8, name), field(9, raw)]));
}

const input = declared(11, 'x', [1, 4]);
const output = declared(12, 'y', []);
const names = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** One operator after the other, from x to y. */
function chain(length: number, each: (from: string, to: string, i: number) => Uint8Array): Uint8Array[] {
  const values = ['x', ...names(length - 1, 'v'), 'y'];
  return Array.from({ length }, (_, i) => each(values[i], values[i + 1], i));
}

function definition(name: string, inputs: readonly string[], outputs: readonly string[], ...nodes: Uint8Array[]): Uint8Array {
  const numbered = nodes.map((bytes) => Uint8Array.from([58, ...bytes.subarray(1)]));
  return field(
    25,
    join([
      text(1, name),
      ...inputs.map((each) => text(4, each)),
      ...outputs.map((each) => text(5, each)),
      ...numbered,
      field(9, number(2, 17)),
      text(10, 'f'),
    ]),
  );
}

const call = (name: string, from: string, to: string) => field(1, join([text(1, from), text(2, to), text(4, name), text(7, 'f')]));

/** Functions each of which calls the next one twice. */
function doubling(levels: number, ways = 2): Uint8Array {
  const level = (i: number) =>
    definition(
      `f${i}`,
      ['x'],
      ['y'],
      ...chain(ways, (from, to) => (i + 1 === levels ? node('Relu', [from], [to]) : call(`f${i + 1}`, from, to))),
    );
  return join([
    model(input, output, call('f0', 'x', 'y')),
    field(8, join([text(1, 'f'), number(2, 1)])),
    ...Array.from({ length: levels }, (_, i) => level(i)),
  ]);
}

/** Loops in loops, each of which carries a value that grows at every turn. */
function loops(depth: number): Uint8Array {
  const body = (level: number): Uint8Array => {
    const inner = level === 0 ? [] : [node('Loop', ['', '', 'g'], ['h'], attribute('body', 5, field(6, body(level - 1))))];
    return join([
      declared(11, 'i', [], 7),
      declared(11, 'c', [], 9),
      declared(11, 's', [1]),
      node('Identity', ['c'], ['d']),
      node('Concat', ['s', 's'], ['g'], attribute('axis', 2, number(3, 0))),
      ...inner,
      node('Identity', [level === 0 ? 'g' : 'h'], ['t']),
      declared(12, 'd', [], 9),
      declared(12, 't', [1]),
    ]);
  };
  return model(declared(11, 'x', [1]), output, node('Loop', ['', '', 'x'], ['y'], attribute('body', 5, field(6, body(depth)))));
}

const size = (random: Random, choices: readonly number[]) => random.pick(choices);

/** Small models that ask for much: of memory, of time or of the stack. */
export const bombs: Readonly<Record<string, (random: Random) => Uint8Array>> = {
  'functions that double': (random) => doubling(size(random, [8, 20, 40, 60])),
  'functions that multiply': (random) => doubling(size(random, [3, 5]), 60),
  'functions a thousand deep': (random) => doubling(size(random, [90, 1000, 5000]), 1),
  'a function that calls itself': () =>
    join([model(input, output, call('f0', 'x', 'y')), definition('f0', ['x'], ['y'], call('f0', 'x', 'y'))]),
  'many equal functions': (random) => {
    const count = size(random, [100, 3000]);
    return join([
      model(input, output, ...chain(count, (from, to, i) => call(`f${i}`, from, to))),
      ...names(count, 'f').map((name) => definition(name, ['x'], ['y'], node('Relu', ['x'], ['y']))),
    ]);
  },
  'a long chain': (random) => model(input, output, ...chain(size(random, [300, 8000]), (from, to) => node('Relu', [from], [to]))),
  'a chain that doubles': (random) =>
    model(
      input,
      output,
      ...chain(size(random, [10, 40, 80]), (from, to) => node('Concat', [from, from], [to], attribute('axis', 2, number(3, 0)))),
    ),
  'integers that double': (random) =>
    model(
      declared(11, 'z', [1]),
      integers('x', [1, 2, 3, 4]),
      output,
      ...chain(size(random, [8, 20, 60]), (from, to) => node('Concat', [from, from], [to], attribute('axis', 2, number(3, 0)))),
    ),
  'integers that are squared': (random) =>
    model(integers('x', [3, 5]), output, ...chain(size(random, [5, 40]), (from, to) => node('Mul', [from, from], [to]))),
  'an expansion': (random) =>
    model(
      declared(11, 'z', [1]),
      field(5, join([number(1, 1), number(2, 1), text(8, 'x'), field(9, [0, 0, 128, 63])])),
      integers('s', [size(random, [1e6, 2 ** 28, 2 ** 31, 2 ** 53])]),
      node('Expand', ['x', 's'], ['e']),
      node('ReduceSum', ['e'], ['y']),
      output,
    ),
  'a constant of a shape': (random) =>
    model(
      declared(11, 'z', [1]),
      integers('s', [size(random, [1e6, 2 ** 31, 2 ** 53]), 2]),
      node('ConstantOfShape', ['s'], ['e']),
      node('ReduceSum', ['e'], ['y']),
      output,
    ),
  'a rank of billions': (random) =>
    model(
      declared(11, 'x', [1]),
      declared(11, 's', [size(random, [200, 2 ** 31, 2 ** 40])], 7),
      output,
      node(random.pick(['Reshape', 'Expand', 'Tile', 'ConstantOfShape']), ['x', 's'], ['y']),
    ),
  'shapes of symbols that multiply': (random) =>
    model(
      declared(11, 'x', ['a', 'b', 'c']),
      integers('flat', [-1]),
      output,
      node('Shape', ['x'], ['v0']),
      ...Array.from({ length: size(random, [4, 12, 30]) }, (_, i) => node('Add', [`v${i}`, 'one'], [`w${i}`])),
      ...Array.from({ length: 30 }, (_, i) => node(random.pick(['Mul', 'Add', 'Div', 'Max']), [`v${i}`, `v${i}`], [`v${i + 1}`])),
      integers('one', [1]),
      node('ConstantOfShape', ['v30'], ['y']),
    ),
  'symbols of sums that multiply': (random) => {
    const rounds = size(random, [4, 12, 40]);
    return model(
      declared(11, 'x', ['a', 'b', 'c']),
      output,
      node('Shape', ['x'], ['v0']),
      integers('turn', [1, 2, 0]),
      ...Array.from({ length: rounds }, (_, i) => [
        node('Gather', [`v${i}`, 'turn'], [`t${i}`]),
        node('Add', [`v${i}`, `t${i}`], [`a${i}`]),
        node('Mul', [`a${i}`, `v${i}`], [`v${i + 1}`]),
      ]).flat(),
      node('ConstantOfShape', [`v${rounds}`], ['y']),
    );
  },
  'loops in loops': (random) => loops(size(random, [2, 8, 14, 28])),
  'a node with many inputs': (random) => {
    const many = size(random, [1000, 150_000]);
    return model(input, output, node('Concat', Array(many).fill('x'), ['y'], attribute('axis', 2, number(3, 0))));
  },
  'many outputs': (random) => {
    const many = names(size(random, [1000, 20_000]), 'o');
    return model(input, ...many.map((name) => declared(12, name, [])), ...many.map((name) => node('Relu', ['x'], [name])));
  },
  'many dead nodes': (random) =>
    model(
      input,
      output,
      node('Relu', ['x'], ['y']),
      join(names(size(random, [1000, 40_000]), 'o').map((name) => node('Relu', ['x'], [name]))),
    ),
  'a length beyond the end': (random) => join([Uint8Array.of(0x3a), Uint8Array.from(varint(size(random, [2 ** 31, 2 ** 45, 2 ** 60])))]),
  'sparse tensors': (random) => {
    const tensor = (name: number, label: string, type: number, bytes: number) =>
      field(name, join([number(1, 1), number(2, type), text(8, label), field(9, new Uint8Array(bytes))]));
    return model(
      declared(11, 'x', [1]),
      output,
      ...names(size(random, [1, 12]), 's').map((name) =>
        field(15, join([tensor(1, name, 1, 4), tensor(2, '', 7, 8), number(3, size(random, [1e4, 1.5e7, 2 ** 28, 2 ** 30, 2 ** 50]))])),
      ),
      node('Add', ['x', 's0'], ['y']),
    );
  },
};
