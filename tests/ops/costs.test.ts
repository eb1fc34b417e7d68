import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttributeLike, type GraphBuilder, staticShape, type Value } from 'espalier/onnx';
import { requireRule } from 'espalier/ops';
import { builder } from './onnxruntime.js';

/** Multiply-accumulates of the node that makes a value. */
function macsOf(output: Value, opset = 22): number {
  const node = output.producer;
  assert.ok(node);
  const shape = (value: Value | undefined) => (value ? (staticShape(value.shape) ?? assert.fail(`${value.name} is not static`)) : []);
  return requireRule(node).macs({
    node,
    opset,
    input: (index) => shape(node.inputs[index]),
    output: (index) => shape(node.outputs[index]),
  });
}

function macs(
  op: string,
  shapes: readonly (readonly number[])[],
  attributes: Record<string, AttributeLike> = {},
  more: (b: GraphBuilder) => Value[] = () => [],
): number {
  const build = builder();
  return macsOf(build.op(op, [...shapes.map((shape) => build.input('x', 'float32', shape)), ...more(build)], attributes));
}

test('a matrix product costs rows × inner × columns, for each of the batch', () => {
  assert.equal(
    macs('MatMul', [
      [3, 4],
      [4, 5],
    ]),
    3 * 4 * 5,
  );
  assert.equal(
    macs('MatMul', [
      [2, 1, 3, 4],
      [7, 4, 5],
    ]),
    2 * 7 * 3 * 4 * 5,
  );
  assert.equal(macs('MatMul', [[4], [4, 5]]), 4 * 5);
  assert.equal(macs('MatMul', [[4], [4]]), 4);
  assert.equal(macs('Gemm', [[3, 4], [4, 5], [5]]), 3 * 4 * 5);
  assert.equal(
    macs(
      'Gemm',
      [
        [4, 3],
        [5, 4],
      ],
      { transA: 1, transB: 1 },
    ),
    3 * 4 * 5,
  );
});

test('an einsum costs what its matrix products would', () => {
  assert.equal(
    macs(
      'Einsum',
      [
        [3, 4],
        [4, 5],
      ],
      { equation: 'ij,jk->ik' },
    ),
    3 * 4 * 5,
  );
  assert.equal(
    macs(
      'Einsum',
      [
        [2, 8, 3, 4],
        [2, 8, 5, 4],
      ],
      { equation: 'bhqd,bhkd->bhqk' },
    ),
    2 * 8 * 3 * 5 * 4,
  );
  // (3×4)·(4×5), then (3×5)·(5×6).
  assert.equal(
    macs(
      'Einsum',
      [
        [3, 4],
        [4, 5],
        [5, 6],
      ],
      { equation: 'ij,jk,kl->il' },
    ),
    3 * 4 * 5 + 3 * 5 * 6,
  );
  assert.equal(macs('Einsum', [[3, 4]], { equation: 'ij->ji' }), 0);
});

test('sums of squares and transforms multiply; activations, sums and softmaxes accumulate nothing that was multiplied', () => {
  assert.equal(macs('ReduceSumSquare', [[3, 4]]), 12);
  assert.equal(macs('DFT', [[2, 8, 1]]), 2 * (2 * 8 * 3));
  assert.equal(
    macs('STFT', [[1, 32, 1]], {}, (b) => [b.scalar(8, 'int64'), b.input('w', 'float32', [16])]),
    3 * (2 * 16 * 4 + 16),
  );
  for (const op of ['Relu', 'Gelu', 'Softmax', 'ReduceSum', 'ReduceMean', 'Exp']) assert.equal(macs(op, [[3, 4]]), 0, op);
});

test("ONNX Runtime's fused product sees through its transpositions", () => {
  const build = builder();
  const [a, b] = [build.input('a', 'float32', [2, 4, 3]), build.input('b', 'float32', [2, 5, 4])];
  const y = build.op('FusedMatMul', [a, b], { transA: 1, transB: 1 }, 'com.microsoft');
  assert.deepEqual(y.shape, [2, 3, 5]);
  assert.equal(macsOf(y, 1), 2 * 3 * 4 * 5);
});
