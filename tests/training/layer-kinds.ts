import { makeFeeds } from 'espalier/infrastructure/hardware';
import type { Backend, NodeTiming, Runtime } from 'espalier/infrastructure/runtime';
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
  'fake quantization': [
    [2, 8, 8],
    256,
    (build, x) => quantized(build, build.op('Conv', [quantized(build, x), weight(build, 'kernel', [4, 2, 3, 3])], { pads: [1, 1, 1, 1] })),
  ],
  'depth to space and back': [
    [4, 4, 4],
    64,
    (build, x) =>
      build.op(
        'SpaceToDepth',
        [build.op('Relu', [build.op('DepthToSpace', [build.op('Conv', [x, weight(build, 'kernel', [4, 4, 1, 1])])], { blocksize: 2 })])],
        { blocksize: 2 },
      ),
  ],
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

/** To 8 bits and back. */
function quantized(build: GraphBuilder, x: Value): Value {
  const grid = [build.scalar(0.05), build.constant(Tensor.scalar('int8', 3))];
  return build.op('DequantizeLinear', [build.op('QuantizeLinear', [x, ...grid]), ...grid]);
}

type Options = Partial<Parameters<typeof buildTrainingStep>[1]>;

/** On a dense layer. */
const updates: Readonly<Record<string, Options>> = {
  'AdamW with clipping, decay and an average': { optimizer: { kind: 'adamw' }, clipNorm: 0.1, weightDecay: 0.01, ema: true },
  LAMB: { optimizer: { kind: 'lamb' }, weightDecay: 0.01 },
  Lion: { optimizer: { kind: 'lion' } },
  'schedule-free AdamW': { optimizer: { kind: 'schedule-free-adamw' } },
  'sharpness-aware steps': { optimizer: { kind: 'sgd' }, samRadius: 0.05 },
};

const cases: Readonly<Record<string, readonly [sample: readonly number[], size: number, layer: Layer, options?: Options]>> = {
  ...layers,
  ...Object.fromEntries(
    Object.entries(updates).map(([name, options]) => {
      const dense: Layer = (build, x) => build.op('Relu', [build.op('MatMul', [x, weight(build, 'a', [12, 9])])]);
      return [name, [[12], 9, dense, options]] as const;
    }),
  ),
};

/** What a step on a network with one kind of layer left. */
export interface LayerSteps {
  /** The state after it, by name. */
  state: Record<string, number[]>;
  /** Operators that ran anywhere but on the graphics card, and copies between the two. Empty on the processor. */
  elsewhere: string[];
}

/** A step of gradient descent with momentum, whose velocity then is the gradient, on a network of each kind of layer, and of each kind of optimizer on one. */
export async function trainLayerKinds(runtime: Runtime, backend: Backend): Promise<Record<string, LayerSteps>> {
  const found: Record<string, LayerSteps> = {};
  for (const [kind, [sample, size, layer, options]] of Object.entries(cases)) {
    const model = modelOf(sample, (build, x) =>
      build.op('Gemm', [build.op('Flatten', [layer(build, x)]), weight(build, 'head', [size, 3])]),
    );
    const shape = [BATCH, ...sample];
    const step = buildTrainingStep(model, {
      batchSize: BATCH,
      inputShapes: { x: shape },
      loss: crossEntropy('scores'),
      optimizer: { kind: 'sgd' },
      ...options,
    });
    const program = await runtime.compile(step.model, {
      backend,
      resident: step.resident,
      state: step.state,
      profile: backend === 'webgpu',
      simulateQuantization: true,
    });
    for (let i = 0; i < 2; i++) {
      const all = { ...makeFeeds(step.model), 'espalier.rate': Tensor.scalar('float32', 0.05) };
      await program.run(
        Object.fromEntries(Object.entries(all).filter(([name]) => program.inputs.includes(name) && !(name in step.resident))),
      );
    }
    const state = await program.state();
    found[kind] = {
      state: Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, [...tensor.numbers()]])),
      elsewhere: backend === 'webgpu' ? elsewhere(await program.profile()) : [],
    };
    await program.dispose();
  }
  return found;
}

/** Operators of a profile that are not on the graphics card, and copies between it and the processor. */
export function elsewhere(timings: readonly NodeTiming[]): string[] {
  return timings.filter(({ op, provider }) => provider !== 'WebGpuExecutionProvider' || /Memcpy/.test(op)).map(({ op }) => op);
}
