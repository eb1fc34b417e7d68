// A training that runs anywhere: in Node, and in a page, which has no file system. Images are noise with a brighter stripe, whose place is the class.
import { Random } from 'espalier/base';
import { arrayDataset, classTargets, type Dataset, subset } from 'espalier/data';
import type { Backend, Runtime } from 'espalier/infrastructure/runtime';
import { floatAttribute, Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { classification, type Task, train } from 'espalier/training';

const SIDE = 8;
const CLASSES = 4;
/** A number for which the WebGPU provider's convolution needs help in the kernels' gradients. */
const BATCH = 18;
const STEPS_PER_EPOCH = 12;
const EPOCHS = 3;

export interface Training {
  /** Mean loss of the epoch so far, after each step. */
  losses: number[];
  /** Validation accuracy after each epoch. */
  qualities: number[];
  /** Every trained tensor's name and numbers. */
  weights: Record<string, number[]>;
}

/** Trains the small network for 36 steps with Adam. */
export async function trainSmallCnn(runtime: Runtime, backend?: Backend): Promise<Training> {
  const model = smallCnn();
  const losses: number[] = [];
  const result = await train({
    model,
    task: stripes(),
    runtime,
    backend,
    options: { epochs: EPOCHS, batchSize: BATCH, learningRate: 0.01, seed: 3 },
    onProgress: ({ facts, epoch }) => void (epoch ?? losses.push(Number(facts?.loss))),
  });
  const trained = new Set(result.parameters);
  const tensors = [...result.model.graph.initializers].filter(({ name }) => trained.has(name));
  return {
    losses,
    qualities: result.history.map(({ quality = Number.NaN }) => quality),
    weights: Object.fromEntries(tensors.map(({ name, initializer }) => [name, [...(initializer as Tensor).numbers()]])),
  };
}

/** Two blocks of convolution, batch normalization, Relu and maximum pool, dropout, and a dense layer. */
function smallCnn(): Model {
  const graph = new Graph('small');
  const model = new Model(graph, 21);
  const build = typedBuilder(graph, model.opsets);
  const vector = (name: string, size: number, value: number) =>
    build.parameter(name, Tensor.of('float32', [size], new Float32Array(size).fill(value)));
  const normal = (name: string, ...shape: number[]) => {
    const random = new Random(name);
    const inputs = shape.slice(1).reduce((product, dim) => product * dim, 1);
    const numbers = Float32Array.from({ length: shape[0] * inputs }, () => random.normal() * Math.sqrt(2 / inputs));
    return build.parameter(name, Tensor.of('float32', shape, numbers));
  };
  let value = build.input('x', 'float32', [SymbolicDim.named('N'), 1, SIDE, SIDE]);
  for (const [from, to] of [
    [1, 4],
    [4, 8],
  ]) {
    value = build.op('Conv', [value, normal(`kernel${to}`, to, from, 3, 3)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    const statistics = [
      vector(`scale${to}`, to, 1),
      vector(`shift${to}`, to, 0),
      vector(`mean${to}`, to, 0),
      vector(`variance${to}`, to, 1),
    ];
    value = build.op('BatchNormalization', [value, ...statistics], { epsilon: floatAttribute(1e-5), momentum: floatAttribute(0.9) });
    value = build.op('MaxPool', [build.op('Relu', [value])], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  value = build.op('Dropout', [build.op('Flatten', [value]), build.scalar(0.1)]);
  const dense = [normal('dense', CLASSES, 8 * (SIDE / 4) ** 2), vector('bias', CLASSES, 0)];
  build.output(build.op('Gemm', [value, ...dense], { transB: 1 }), 'scores');
  return model;
}

function stripes(): Task {
  const [training, validation] = [images(STEPS_PER_EPOCH * BATCH, 1), images(100, 2)];
  const none = subset(training, new Int32Array(0));
  return {
    ...classification({
      output: 'scores',
      classes: Array.from({ length: CLASSES }, (_, index) => `rows ${2 * index} and ${2 * index + 1}`),
    }),
    name: 'stripes',
    splits: { train: training, calibration: none, validation, test: none },
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
  };
}

function images(size: number, seed: number): Dataset {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: size }, (_, index) => index % CLASSES);
  const data = Float32Array.from({ length: size * SIDE * SIDE }, (_, index) => {
    const [image, row] = [Math.floor(index / SIDE ** 2), Math.floor(index / SIDE) % SIDE];
    return random.normal() + Number(Math.floor(row / 2) === labels[image]);
  });
  return arrayDataset({
    name: 'stripes',
    inputs: { x: { type: 'float32', shape: [size, 1, SIDE, SIDE], data, kind: 'tensor' } },
    targets: classTargets(labels),
  });
}
