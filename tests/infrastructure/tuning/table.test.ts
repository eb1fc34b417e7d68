import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScheduleTable, ScheduleTable } from 'espalier/tuning';

const bench = { target: 'c', engine: 'gcc 12.2.0 -O3', processor: 'x64 some' };
const tiling = { rows: 2, lanes: 16, order: 'rows', unroll: 1 } as const;
const found = { kernel: 'Conv [1,3,8,8]', tiling, usual: 12.5, ratio: 0.8, tried: 9 };

const written = () => JSON.parse(JSON.stringify(new ScheduleTable().with(bench, new Map([['convolution ab', found]]))));

test('a table is what it was after it has been a file', () => {
  const table = parseScheduleTable(written(), 'file');
  assert.deepEqual([...table.of(bench)], [['convolution ab', found]]);
  assert.equal(table.of({ ...bench, engine: 'gcc 13' }).size, 0, 'what another compiler makes takes another time');
  const more = table.with(bench, new Map([['pool cd', { kernel: 'MaxPool', ratio: 1, tried: 0 }]]));
  assert.deepEqual([...more.of(bench).keys()], ['convolution ab', 'pool cd']);
});

test('names from a file are keys, whatever they are', () => {
  const given = JSON.parse(JSON.stringify(written()).replace('convolution ab', '__proto__'));
  assert.ok([...parseScheduleTable(given, 'file').of(bench).keys()].every((key) => key === '__proto__'));
  assert.equal(new ScheduleTable().of(bench).get('constructor'), undefined);
});

const broken: Readonly<Record<string, (table: { benches: { kernels: Record<string, Record<string, unknown>> }[] }) => unknown>> = {
  'benches.0.kernels.convolution ab.tiling.lanes': (table) => {
    table.benches[0].kernels['convolution ab'].tiling = { ...tiling, lanes: 7 };
    return table;
  },
  'benches.0.kernels.convolution ab.tiling.order': (table) => {
    table.benches[0].kernels['convolution ab'].tiling = { ...tiling, order: 'sideways' };
    return table;
  },
  'benches.0.kernels.convolution ab.tiling': (table) => {
    table.benches[0].kernels['convolution ab'].tiling = { ...tiling, rows: 16, lanes: 64 };
    return table;
  },
  'benches.0.kernels.convolution ab.ratio': (table) => {
    table.benches[0].kernels['convolution ab'].ratio = -1;
    return table;
  },
  schema: () => ({ schema: 'espalier/layer-times@2', benches: [] }),
};
for (const [field, breaks] of Object.entries(broken)) {
  test(`a file that is wrong in ${field} is refused by that name`, () => {
    assert.throws(() => parseScheduleTable(breaks(written()), 'some.json'), {
      name: 'OptionError',
      message: new RegExp(`^some\\.json, field "${field}`),
    });
  });
}
