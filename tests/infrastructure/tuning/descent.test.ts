import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Descent } from 'espalier/tuning';
import { type Tiling, tilingSpaces, tilingsOf, usualSchedule } from '#dist/infrastructure/codegen/index.js';

const usual = usualSchedule.convolution;

/** Runs a descent to its end. @param ratio time of a tiling over the usual one's. */
function descend(ratio: (tiling: Tiling) => number): { best: Tiling; tried: Tiling[] } {
  const descent = new Descent('convolution', usual);
  const tried: Tiling[] = [];
  for (let open = descent.next(); open.length > 0; open = descent.next()) {
    tried.push(...open);
    descent.tell(open.map((tiling) => ({ tiling, ratio: ratio(tiling) })));
  }
  return { best: descent.best, tried };
}

test('the fastest is found where parts do not depend on each other, in a part of the tries that there are', () => {
  const wanted: Tiling = { rows: 3, lanes: 8, order: 'rows', unroll: 4 };
  const cost = ({ rows, lanes, order, unroll }: Tiling) =>
    1 + Math.abs(rows - 3) / 4 + Math.abs(lanes - 8) / 16 + (order === 'rows' ? 0 : 0.3) + (unroll === 4 ? 0 : 0.2);
  const { best, tried } = descend((tiling) => cost(tiling) / cost(usual));
  assert.deepEqual(best, wanted);
  assert.ok(tried.length < tilingsOf('convolution').length / 4, `${tried.length} tries`);
});

test('a part whose best value depends on another is tried again', () => {
  // Many lanes pay only once sums are written out.
  const cost = ({ lanes, unroll }: Tiling) => (lanes === 32 ? (unroll === 4 ? 0.5 : 1.2) : unroll === 4 ? 0.8 : 1);
  assert.equal(descend((tiling) => cost(tiling) / cost(usual)).best.lanes, 32);
});

test('where nothing is faster by more than noise, the usual one stays, and no tiling is tried twice', () => {
  const { best, tried } = descend(({ rows }) => (rows === 2 ? 0.995 : 1.01));
  assert.equal(best, usual);
  assert.equal(new Set(tried.map((each) => JSON.stringify(each))).size, tried.length);
});

test('a descent goes on from the best of an earlier one', () => {
  const from = { tiling: { ...usual, lanes: 8 }, ratio: 0.5 };
  const descent = new Descent('convolution', usual, from);
  assert.equal(descent.best, from.tiling);
  for (let open = descent.next(); open.length > 0; open = descent.next()) {
    const others = open.map(({ lanes, ...rest }) => JSON.stringify(rest) === JSON.stringify(restOf(usual)) || lanes === 8);
    assert.ok(others.every(Boolean), 'only one part differs from where it began');
    descent.tell(open.map((tiling) => ({ tiling, ratio: 0.6 })));
  }
  assert.equal(descent.best, from.tiling);
});

function restOf({ lanes: _, ...rest }: Tiling): Partial<Tiling> {
  return rest;
}

test('what there was no time for is offered again', () => {
  const descent = new Descent('convolution', usual);
  const tried = new Set<string>();
  for (let open = descent.next(); open.length > 0; open = descent.next()) {
    tried.add(JSON.stringify(open[0]));
    descent.tell([{ tiling: open[0], ratio: 1.5 }]);
  }
  const { tried: all } = descend(() => 1.5);
  assert.deepEqual([...tried].sort(), all.map((each) => JSON.stringify(each)).sort());
});

test('every usual tiling lies in its space', () => {
  for (const [kind, { rows, lanes, order, unroll }] of Object.entries(tilingSpaces)) {
    const { [kind as keyof typeof tilingSpaces]: each } = usualSchedule;
    assert.ok(rows.includes(each.rows) && lanes.includes(each.lanes) && order.includes(each.order) && unroll.includes(each.unroll), kind);
  }
});
