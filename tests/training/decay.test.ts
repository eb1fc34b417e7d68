import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTrainingStep, crossEntropy } from 'espalier/training';
import { modelOf, smallMlp, weight } from './support.js';

/** How many numbers there are with and without weight decay. */
function sizes(model: Parameters<typeof buildTrainingStep>[0], sample: readonly number[]): [number | undefined, number | undefined] {
  const loss = crossEntropy('scores');
  const { state } = buildTrainingStep(model, {
    batchSize: 2,
    inputShapes: { x: [2, ...sample] },
    loss,
    optimizer: { kind: 'adamw' },
    weightDecay: 0.1,
  });
  return [state['espalier.weights']?.size, state['espalier.biases']?.size];
}

test('weight decay is for matrices: not for biases and scales', () => {
  assert.deepEqual(sizes(smallMlp({ norm: true }), [6]), [6 * 12 + 12 * 3, 12 + 12 + 12 + 3]);
});

test('biases and peepholes of a layer of two directions have two axes, and are no matrices', () => {
  const [inputs, hidden] = [5, 4];
  const model = modelOf([7, inputs], (build, x) => {
    const steps = build.op('Transpose', [x], { perm: [1, 0, 2] });
    const parameters = [
      weight(build, 'w', [2, 4 * hidden, inputs]),
      weight(build, 'r', [2, 4 * hidden, hidden]),
      weight(build, 'b', [2, 8 * hidden]),
    ];
    const rest = [undefined, undefined, undefined, weight(build, 'p', [2, 3 * hidden])];
    const [, last] = build.node(
      'LSTM',
      [steps, ...parameters, ...rest],
      { hidden_size: hidden, direction: 'bidirectional' },
      { outputs: 2 },
    );
    const flat = build.op('Reshape', [build.op('Transpose', [last], { perm: [1, 0, 2] }), build.ints([-1, 2 * hidden])]);
    return build.op('Gemm', [flat, weight(build, 'dense', [2 * hidden, 3])]);
  });
  assert.deepEqual(sizes(model, [7, inputs]), [2 * 4 * hidden * (inputs + hidden) + 2 * hidden * 3, 2 * 8 * hidden + 2 * 3 * hidden]);
});
