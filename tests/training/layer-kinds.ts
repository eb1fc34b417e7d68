import { makeFeeds } from 'espalier/infrastructure/hardware';
import type { Backend, Runtime } from 'espalier/infrastructure/runtime';
import { type GraphBuilder, Tensor, type Value } from 'espalier/onnx';
import { buildTrainingStep, crossEntropy } from 'espalier/training';
import { modelOf, weight } from './support.js';

/** Not a multiple of 4, in which images are packed on graphics cards. */
const BATCH = 6;

type Layer = (build: GraphBuilder, x: Value) => Value;

const convolved: Layer = (build, x) => build.op('Conv', [x, weight(build, 'kernel', [4, 2, 3, 3])], { pads: [1, 1, 1, 1] });

/** Each with the shape of a sample and the size of what it gives. */
const layers: Readonly<Record<string, readonly [sample: readonly number[], size: number, layer: Layer]>> = {
  'overlapping maximum pool': [
    [2, 8, 8],
    64,
    (build, x) => build.op('MaxPool', [convolved(build, x)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  'average pool': [
    [2, 8, 8],
    64,
    (build, x) => build.op('AveragePool', [convolved(build, x)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  'global maximum pool': [[2, 8, 8], 4, (build, x) => build.op('GlobalMaxPool', [convolved(build, x)])],
  'strided convolution': [
    [6, 9, 9],
    100,
    (build, x) => build.op('Conv', [x, weight(build, 'kernel', [4, 6, 3, 3])], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  'grouped convolution': [[4, 8, 8], 144, (build, x) => build.op('Conv', [x, weight(build, 'kernel', [4, 2, 3, 3])], { group: 2 })],
  'transposed convolution': [
    [6, 4, 4],
    324,
    (build, x) => build.op('ConvTranspose', [x, weight(build, 'kernel', [6, 4, 3, 3])], { strides: [2, 2] }),
  ],
  'attention with layer normalization': [[5, 8], 40, attention],
  LSTM: [[5, 8], 4, lstm],
  'activations of a dense layer': [
    [12],
    9,
    (build, x) =>
      ['Elu', 'Erf', 'Tanh', 'Sigmoid'].reduce((value, op) => build.op(op, [value]), build.op('MatMul', [x, weight(build, 'a', [12, 9])])),
  ],
};

function attention(build: GraphBuilder, x: Value): Value {
  const [query, key, value] = ['query', 'key', 'value'].map((name) => build.op('MatMul', [x, weight(build, name, [8, 8])]));
  const similar = build.op('MatMul', [query, build.op('Transpose', [key], { perm: [0, 2, 1] })]);
  const seen = build.op('MatMul', [build.op('Softmax', [similar], { axis: -1 }), value]);
  return build.op('LayerNormalization', [build.op('Add', [x, seen]), weight(build, 'scale', [8]), weight(build, 'shift', [8])], {
    axis: -1,
  });
}

function lstm(build: GraphBuilder, x: Value): Value {
  const inputs = [build.op('Transpose', [x], { perm: [1, 0, 2] }), weight(build, 'w', [1, 16, 8]), weight(build, 'r', [1, 16, 4])];
  const [, last] = build.node('LSTM', inputs, { hidden_size: 4 }, { outputs: 2 });
  return build.op('Transpose', [last], { perm: [1, 0, 2] });
}

/** A step of gradient descent with momentum, whose velocity then is the gradient, on a network of each kind of layer; the state after it by kind, then by name. */
export async function trainLayerKinds(runtime: Runtime, backend: Backend): Promise<Record<string, Record<string, number[]>>> {
  const states: Record<string, Record<string, number[]>> = {};
  for (const [kind, [sample, size, layer]] of Object.entries(layers)) {
    const model = modelOf(sample, (build, x) =>
      build.op('Gemm', [build.op('Flatten', [layer(build, x)]), weight(build, 'head', [size, 3])]),
    );
    const shape = [BATCH, ...sample];
    const step = buildTrainingStep(model, {
      batchSize: BATCH,
      inputShapes: { x: shape },
      loss: crossEntropy('scores'),
      optimizer: { kind: 'sgd' },
    });
    const program = await runtime.compile(step.model, { backend, resident: step.resident, state: step.state });
    for (let i = 0; i < 2; i++) {
      const all = { ...makeFeeds(step.model), 'espalier.rate': Tensor.scalar('float32', 0.05) };
      await program.run(
        Object.fromEntries(Object.entries(all).filter(([name]) => program.inputs.includes(name) && !(name in step.resident))),
      );
    }
    const state = await program.state();
    states[kind] = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, [...tensor.numbers()]]));
    await program.dispose();
  }
  return states;
}
