import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, symmetricEigen } from 'espalier/base';

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);

test('the second-difference matrix has the eigenvalues 2 - 2 cos(k pi / (n + 1))', () => {
  const n = 9;
  const matrix = Float64Array.from({ length: n * n }, (_, at) => [2, -1][Math.abs(Math.floor(at / n) - (at % n))] ?? 0);
  const { values } = symmetricEigen(matrix, n);
  values.forEach((value, i) => {
    assert.ok(Math.abs(value - (2 - 2 * Math.cos(((n - i) * Math.PI) / (n + 1)))) < 1e-13, `${i}: ${value}`);
  });
});

test('random symmetric matrices, one with a null space: A v = lambda v, largest first, vectors orthonormal', () => {
  const random = new Random('eigen');
  for (const [n, rank] of [
    [1, 1],
    [12, 12],
    [27, 20],
  ]) {
    const factors = Float64Array.from({ length: n * rank }, () => random.normal());
    const matrix = Float64Array.from({ length: n * n }, (_, at) =>
      dot(factors.subarray(Math.floor(at / n) * rank).subarray(0, rank), factors.subarray((at % n) * rank).subarray(0, rank)),
    );
    const before = matrix.slice();
    const { values, vectors } = symmetricEigen(matrix, n);
    assert.deepEqual(matrix, before);
    assert.deepEqual(
      [...values],
      [...values].sort((a, b) => b - a),
    );
    vectors.forEach((vector, i) => {
      for (let row = 0; row < n; row++)
        assert.ok(Math.abs(dot(matrix.subarray(row * n, (row + 1) * n), vector) - values[i] * vector[row]) < 1e-12 * n * values[0]);
      vectors.forEach((other, j) => {
        assert.ok(Math.abs(dot(vector, other) - Number(i === j)) < 1e-13 * n, `${i}, ${j}`);
      });
    });
    values.subarray(rank).forEach((value) => {
      assert.ok(Math.abs(value) < 1e-13 * n * values[0], 'a null space');
    });
  }
});

test('a diagonal matrix and one of zeros need no rotation', () => {
  assert.deepEqual([...symmetricEigen(Float64Array.of(1, 0, 0, 3), 2).values], [3, 1]);
  assert.deepEqual([...symmetricEigen(new Float64Array(9), 3).values], [0, 0, 0]);
});
