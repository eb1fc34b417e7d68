import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTrainingStep, crossEntropy, distillation, type LossBuilder } from 'espalier/training';
import { smallMlp } from './support.js';

// That the gradients are right, and running statistics those of the first pass, is shown by the trajectories.

/** How many nodes of each operator a step has. */
function counts(samRadius: number | undefined, loss: LossBuilder, options: Parameters<typeof smallMlp>[0] = {}): Map<string, number> {
  const { model } = buildTrainingStep(smallMlp(options), {
    batchSize: 4,
    inputShapes: { x: [4, 6] },
    loss,
    watch: ['scores'],
    optimizer: { kind: 'sgd' },
    samRadius,
  });
  const found = new Map<string, number>();
  for (const { op } of model.graph.nodes) found.set(op, (found.get(op) ?? 0) + 1);
  return found;
}

test('the second pass sees the same dropout and the same teacher, which are computed once', () => {
  const scores = crossEntropy('scores');
  const dropping = { dropout: 0.5 };
  assert.equal(counts(undefined, scores, dropping).get('Range'), 1);
  assert.equal(counts(0.05, scores, dropping).get('Range'), 1);
  // Two dense layers: theirs once more, the teacher's not.
  const products = (loss: LossBuilder, samRadius?: number) => counts(samRadius, loss).get('Gemm') ?? 0;
  const alone = products(scores, 0.05) - products(scores);
  assert.ok(alone >= 2, `${alone} products more`);
  const taught = distillation('scores', smallMlp({ hidden: 5 }));
  assert.equal(products(taught, 0.05) - products(taught), alone);
});
