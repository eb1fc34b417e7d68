import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeLike, GraphBuilder, Value } from 'espalier/onnx';
import { couplingOf } from './coupling.js';
import { builder } from './onnxruntime.js';

/** The facts of one operator on inputs a, b, c of the given shapes, with output y. */
function facts(
  op: string,
  shapes: readonly (readonly number[])[],
  attributes: Record<string, AttributeLike> = {},
  more: (b: GraphBuilder) => Value[] = () => [],
) {
  const build = builder();
  const inputs = shapes.map((shape, index) => build.input('abc'.charAt(index), 'float32', shape));
  const [y] = build.node(op, [...inputs, ...more(build)], attributes, { outputs: ['y'] });
  return couplingOf(y);
}

test('element-wise operators tie axes of equal size, aligned at the last; axes that broadcast are free', () => {
  assert.deepEqual(
    facts('Add', [
      [2, 3, 4],
      [3, 1],
    ]),
    { ties: ['a0=y0', 'a1=y1', 'a2=y2', 'b0=y1'], free: ['b1'] },
  );
  assert.deepEqual(facts('Mul', [[2, 3], []]), { ties: ['a0=y0', 'a1=y1'], free: [] });
  assert.deepEqual(facts('Relu', [[2, 3]]), { ties: ['a0=y0', 'a1=y1'], free: [] });
  assert.deepEqual(
    facts('PRelu', [
      [2, 3, 4, 4],
      [3, 1, 1],
    ]),
    { ties: ['a0=y0', 'a1=y1', 'a2=y2', 'a3=y3', 'b0=y1'], free: ['b1', 'b2'] },
  );
  assert.deepEqual(facts('Sum', [[3], [2, 1], [2, 3]]), { ties: ['a0=y1', 'b0=y0', 'c0=y0', 'c1=y1'], free: ['b1'] });
});

test('normalised, reduced and ranked axes are locked', () => {
  assert.deepEqual(facts('Softmax', [[2, 3, 4]], { axis: 1 }).ties, ['a0=y0', 'a2=y2']);
  assert.deepEqual(facts('ReduceMean', [[2, 3, 4, 5]], { keepdims: 0 }, (b) => [b.ints([2, 3])]).ties, ['a0=y0', 'a1=y1']);
  assert.deepEqual(facts('ReduceMax', [[2, 3, 4]], { keepdims: 0 }, (b) => [b.ints([-2])]).ties, ['a0=y0', 'a2=y1']);
  assert.deepEqual(facts('ReduceSum', [[2, 3, 4]], { keepdims: 1 }, (b) => [b.ints([1])]).ties, ['a0=y0', 'a2=y2']);
  assert.deepEqual(facts('ReduceSum', [[2, 3]], {}).ties, []);
  assert.deepEqual(facts('ArgMax', [[2, 3, 4]], { axis: 1, keepdims: 0 }).ties, ['a0=y0', 'a2=y1']);
  assert.deepEqual(facts('TopK', [[2, 3]], { axis: 0 }, (b) => [b.ints([1])]).ties, ['a1=y1']);
  assert.deepEqual(facts('CumSum', [[2, 3]], {}, (b) => [b.scalar(1, 'int64')]).ties, ['a0=y0']);
});

test('before opset 13 a softmax locks every axis from its own on', () => {
  const build = builder(12);
  const [y] = build.node('Softmax', [build.input('a', 'float32', [2, 3, 4])], { axis: 1 }, { outputs: ['y'] });
  assert.deepEqual(couplingOf(y, 12).ties, ['a0=y0']);
});

test('matrix products tie inner axes with each other and outer axes with the product', () => {
  assert.deepEqual(
    facts('MatMul', [
      [7, 5, 4],
      [4, 3],
    ]),
    { ties: ['a0=y0', 'a1=y1', 'a2=b0', 'b1=y2'], free: [] },
  );
  assert.deepEqual(
    facts('MatMul', [
      [2, 5, 4],
      [6, 1, 4, 3],
    ]),
    { ties: ['a0=y1', 'a1=y2', 'a2=b2', 'b0=y0', 'b3=y3'], free: ['b1'] },
  );
  assert.deepEqual(facts('MatMul', [[4], [4, 3]]), { ties: ['a0=b0', 'b1=y0'], free: [] });
  assert.deepEqual(facts('MatMul', [[5, 4], [4]]), { ties: ['a0=y0', 'a1=b0'], free: [] });
  assert.deepEqual(facts('MatMul', [[4], [4]]), { ties: ['a0=b0'], free: [] });
  assert.deepEqual(facts('Gemm', [[5, 4], [3, 4], [3]], { transB: 1 }), { ties: ['a0=y0', 'a1=b1', 'b0=y1', 'c0=y1'], free: [] });
  assert.deepEqual(
    facts(
      'Gemm',
      [
        [4, 5],
        [4, 3],
        [1, 3],
      ],
      { transA: 1 },
    ),
    { ties: ['a0=b0', 'a1=y0', 'b1=y1', 'c1=y1'], free: ['c0'] },
  );
});

test('an einsum ties all axes of one label; a label that only one operand has and that is summed stays locked', () => {
  assert.deepEqual(
    facts(
      'Einsum',
      [
        [2, 5, 4],
        [2, 3, 4],
      ],
      { equation: 'bqd,bkd->bqk' },
    ).ties,
    ['a0=b0', 'a0=y0', 'a1=y1', 'a2=b2', 'b1=y2'],
  );
  assert.deepEqual(facts('Einsum', [[2, 5]], { equation: 'ij->i' }), { ties: ['a0=y0'], free: [] });
  assert.deepEqual(
    facts(
      'Einsum',
      [
        [7, 2, 5],
        [1, 5, 3],
      ],
      { equation: '...ij,...jk' },
    ),
    { ties: ['a0=y0', 'a1=y1', 'a2=b1', 'b2=y2'], free: ['b0'] },
  );
});

test('losses lock the classes; transforms lock the signal', () => {
  const build = builder();
  const [scores, labels] = [build.input('a', 'float32', [2, 5, 3]), build.input('b', 'int64', [2, 3])];
  const [mean] = build.node('SoftmaxCrossEntropyLoss', [scores, labels], {}, { outputs: ['y'] });
  assert.deepEqual(couplingOf(mean).ties, ['a0=b0', 'a2=b1']);
  const [each] = build.node('NegativeLogLikelihoodLoss', [scores, labels], { reduction: 'none' }, { outputs: ['z'] });
  assert.deepEqual(couplingOf(each).ties, ['a0=b0', 'a2=b1', 'b0=z0', 'b1=z1']);
  assert.deepEqual(facts('DFT', [[2, 8, 4, 2]]).ties, ['a0=y0', 'a1=y1']);
});

test('filled tensors may have any size; random noise follows the tensor whose shape it has', () => {
  const build = builder();
  const [zeros] = build.node('ConstantOfShape', [build.ints([2, 3])], {}, { outputs: ['y'] });
  assert.deepEqual(couplingOf(zeros), { ties: [], free: ['y0', 'y1'] });
  assert.deepEqual(facts('RandomNormalLike', [[2, 3]]).ties, ['a0=y0', 'a1=y1']);
});
