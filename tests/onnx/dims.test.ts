import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from 'espalier/base';
import {
  addDims,
  type Bindings,
  bindDim,
  ceilDivideDims,
  type Dim,
  floorDivideDims,
  maxDims,
  minDims,
  multiplyDims,
  productOfDims,
  SymbolicDim,
  sameDim,
  staticShape,
  subtractDims,
} from 'espalier/onnx';

const names = ['N', 'T', 'C'];

/** An expression as a dimension and as a function of the bindings, written apart from each other. */
interface Expression {
  dim: Dim;
  value: (bindings: Bindings) => number;
}

function randomExpression(random: Random, depth: number): Expression {
  if (depth === 0 || random.uniform() < 0.15) {
    if (random.uniform() < 0.5) {
      const number = random.integer(7) - 2;
      return { dim: number, value: () => number };
    }
    const name = names[random.integer(names.length)];
    return { dim: SymbolicDim.named(name), value: (bindings) => bindings[name] };
  }
  const [a, b] = [randomExpression(random, depth - 1), randomExpression(random, depth - 1)];
  const divisor = 1 + random.integer(6);
  switch (random.integer(7)) {
    case 0:
      return { dim: addDims(a.dim, b.dim), value: (at) => a.value(at) + b.value(at) };
    case 1:
      return { dim: subtractDims(a.dim, b.dim), value: (at) => a.value(at) - b.value(at) };
    case 2:
      return { dim: multiplyDims(a.dim, b.dim), value: (at) => a.value(at) * b.value(at) };
    case 3:
      return { dim: floorDivideDims(a.dim, divisor), value: (at) => Math.floor(a.value(at) / divisor) };
    case 4:
      return { dim: ceilDivideDims(a.dim, divisor), value: (at) => Math.ceil(a.value(at) / divisor) };
    case 5:
      return { dim: maxDims(a.dim, b.dim), value: (at) => Math.max(a.value(at), b.value(at)) };
    default:
      return { dim: minDims(a.dim, b.dim), value: (at) => Math.min(a.value(at), b.value(at)) };
  }
}

test('expressions evaluate to what they say, whole or one name at a time', () => {
  const random = new Random('dims');
  for (let round = 0; round < 3000; round++) {
    const { dim, value } = randomExpression(random, 4);
    const bindings = Object.fromEntries(names.map((name) => [name, 1 + random.integer(9)]));
    const expected = value(bindings) + 0;
    assert.equal(Number(bindDim(dim, bindings)) + 0, expected, `${dim} at ${JSON.stringify(bindings)}`);
    const stepwise = names.reduce<Dim>((rest, name) => bindDim(rest, { [name]: bindings[name] }), dim);
    assert.equal(Number(stepwise) + 0, expected, `${dim} step by step`);
  }
});

test('equal expressions are the same whichever way they are written', () => {
  const [n, t, c] = names.map((name) => SymbolicDim.named(name));
  const same = (a: Dim, b: Dim) => assert.ok(sameDim(a, b), `${a} and ${b}`);
  same(addDims(n, t), addDims(t, n));
  same(multiplyDims(addDims(n, 1), addDims(n, -1)), subtractDims(multiplyDims(n, n), 1));
  same(productOfDims([n, t, c]), productOfDims([c, n, t]));
  same(floorDivideDims(productOfDims([4, n, t]), multiplyDims(2, t)), multiplyDims(2, n));
  same(maxDims(n, t), maxDims(t, n));
  same(minDims(4, n), minDims(n, 4));
  same(subtractDims(n, n), 0);
  same(floorDivideDims(n, n), 1);
  same(productOfDims([]), 1);
  assert.ok(!sameDim(n, t));
  assert.ok(!sameDim(floorDivideDims(n, 2), ceilDivideDims(n, 2)));
});

test('unknown dimensions differ from each other, and names of Object.prototype are names', () => {
  const [a, b] = [SymbolicDim.unknown(), SymbolicDim.unknown()];
  assert.ok(!sameDim(a, b) && sameDim(a, a));
  assert.ok(a.isAnonymous && multiplyDims(a, 2) instanceof SymbolicDim);
  assert.ok(sameDim(bindDim(SymbolicDim.named('constructor'), {}), SymbolicDim.named('constructor')));
  assert.deepEqual(staticShape([1, 2]), [1, 2]);
  assert.equal(staticShape([1, a]), undefined);
  assert.equal(staticShape(undefined), undefined);
});
