import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireRule } from 'espalier/ops';
import { builder } from './onnxruntime.js';

/** Axis of a product's weight that scales are given along. */
function weightAxis(op: 'MatMul' | 'Gemm', weight: readonly number[], attributes = {}): number {
  const build = builder();
  const y = build.op(op, [build.input('x', 'float32', [2, 4]), build.input('w', 'float32', weight)], attributes);
  assert.ok(y.producer);
  const { quantization } = requireRule(y.producer);
  assert.ok(quantization.kind === 'weighted');
  return quantization.axis(y.producer);
}

test('weights of products are quantized per output channel', () => {
  assert.equal(weightAxis('MatMul', [4, 3]), 1);
  assert.equal(weightAxis('MatMul', [5, 4, 3]), 2);
  assert.equal(weightAxis('Gemm', [4, 3]), 1);
  assert.equal(weightAxis('Gemm', [3, 4], { transB: 1 }), 0);
});

test('kinds of the most common operators', () => {
  const build = builder();
  const x = build.input('x', 'float32', [2, 4]);
  const kindOf = (op: string) => {
    const node = build.op(op, op === 'Add' || op === 'Mul' ? [x, x] : [x]).producer;
    assert.ok(node);
    return requireRule(node).quantization.kind;
  };
  for (const op of ['Add', 'Mul', 'Sigmoid', 'LeakyRelu']) assert.equal(kindOf(op), 'arithmetic', op);
  for (const op of ['Relu', 'Clip']) assert.equal(kindOf(op), 'clipping', op);
  for (const op of ['Softmax', 'Exp', 'ReduceMean', 'Gelu']) assert.equal(kindOf(op), 'float', op);
});
