import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from 'espalier/base';
import {
  type Buffer,
  bytesOfStorage,
  type Kernel,
  load,
  number,
  planMemory,
  type Statement,
  type StorageType,
} from '#dist/infrastructure/codegen/index.js';

const buffer = (name: string, size: number, type: StorageType = 'f32', role: Buffer['role'] = 'arena'): Buffer => ({
  name,
  type,
  size,
  role,
});

/** A kernel that makes `to` of `from`, element by element where it may be in place. */
function kernel(from: readonly Buffer[], to: Buffer, elementwise = false): Kernel {
  const reads: Statement[] = from.map((each, place) => ({
    kind: 'store',
    buffer: to,
    index: number(place),
    value: load(each, elementwise ? place : place + 1),
  }));
  return { title: to.name, kind: 'test', body: reads, macs: 0, elements: to.size };
}

/** Asserts that buffers which are needed at one time do not overlap, but where one is computed in the place of another. */
function assertApart(kernels: readonly Kernel[], shared: readonly (readonly [Buffer, Buffer])[] = []) {
  const plan = planMemory(kernels);
  for (const living of plan.living) {
    for (const [index, a] of living.entries()) {
      const from = plan.offsets.get(a) ?? Number.NaN;
      const to = from + bytesOfStorage(a.type, a.size);
      assert.ok(to <= plan.bytes, `${a.name} ends at ${to} of ${plan.bytes}`);
      for (const b of living.slice(index + 1)) {
        if (shared.some((pair) => pair.includes(a) && pair.includes(b))) continue;
        const other = plan.offsets.get(b) ?? Number.NaN;
        assert.ok(to <= other || other + bytesOfStorage(b.type, b.size) <= from, `${a.name} at ${from} and ${b.name} at ${other}`);
      }
    }
  }
  return plan;
}

test('a chain needs the two largest neighbours', () => {
  const chain = [10, 40, 20, 80, 5].map((size, index) => buffer(`b${index}`, size));
  const input = buffer('in', 10, 'f32', 'input');
  const plan = assertApart(chain.map((each, index) => kernel([index === 0 ? input : chain[index - 1]], each)));
  assert.equal(plan.bytes, 4 * (20 + 80));
});

test('what is computed element by element takes the place of what nobody reads any more', () => {
  const [input, a, b] = [buffer('in', 8, 'f32', 'input'), buffer('a', 8), buffer('b', 8)];
  const out = buffer('out', 8, 'f32', 'output');
  const plan = planMemory([kernel([input], a), kernel([a], b, true), kernel([b], out)]);
  assert.equal(plan.bytes, 32);
  assert.equal(plan.offsets.get(a), plan.offsets.get(b));
});

test('but not where the old one is read once more', () => {
  const [input, a, b] = [buffer('in', 8, 'f32', 'input'), buffer('a', 8), buffer('b', 8)];
  const out = buffer('out', 8, 'f32', 'output');
  assert.equal(planMemory([kernel([input], a), kernel([a], b, true), kernel([a, b], out)]).bytes, 64);
});

test('kernels are put into an order that needs less', () => {
  // Two branches of one input, each large in the middle: one after the other they share their memory.
  const input = buffer('in', 4, 'f32', 'input');
  const [large1, small1, large2, small2] = [buffer('l1', 1000), buffer('s1', 10), buffer('l2', 1000), buffer('s2', 10)];
  const out = buffer('out', 4, 'f32', 'output');
  const plan = assertApart([
    kernel([input], large1),
    kernel([input], large2),
    kernel([large1], small1),
    kernel([large2], small2),
    kernel([small1, small2], out),
  ]);
  assert.equal(plan.bytes, 4 * 1020);
});

test('random graphs: nothing overlaps, and no plan is larger than all buffers together', () => {
  const random = new Random(7);
  for (let round = 0; round < 60; round++) {
    const input = buffer('in', 4, 'f32', 'input');
    const made: Buffer[] = [];
    const kernels: Kernel[] = [];
    for (let index = 0; index < 4 + random.integer(10); index++) {
      const to = buffer(`b${index}`, 1 + random.integer(100), random.integer(2) === 0 ? 'f32' : 'i8');
      const from = made.length === 0 ? [input] : [made[random.integer(made.length)], made[random.integer(made.length)]];
      kernels.push(kernel([...new Set(from)], to));
      made.push(to);
    }
    const plan = assertApart(kernels);
    assert.ok(plan.bytes <= made.reduce((sum, { type, size }) => sum + Math.ceil(bytesOfStorage(type, size) / 4) * 4, 0));
  }
});
