import { readFileSync } from 'node:fs';
import { Random } from 'espalier/base';
import { arrayDataset, type Batch, classTargets, type Dataset, type Splits, subset } from 'espalier/data';
import { floatAttribute, Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { classification, type Task } from 'espalier/training';
import { fixture } from '../support/paths.js';

export function trainingFixture<T>(name: string): T {
  return JSON.parse(readFileSync(fixture('training', name), 'utf8')) as T;
}

/** No samples: for parts that a test does without. */
export function empty(of: Dataset): Dataset {
  return subset(of, new Int32Array(0));
}

/** A data set that hands out prepared batches one after the other, whatever samples are asked for; one sample alone is the first batch's first. */
export function scripted(batches: readonly { x: readonly number[]; labels: readonly number[] }[], sample: readonly number[]): Dataset {
  const size = batches[0].labels.length;
  let next = 0;
  const whole = arrayDataset({
    name: 'scripted',
    inputs: {
      x: {
        type: 'float32',
        shape: [size * batches.length, ...sample],
        data: Float32Array.from(batches.flatMap((batch) => batch.x)),
        kind: 'tensor',
      },
    },
    targets: classTargets(Int32Array.from(batches.flatMap((batch) => batch.labels))),
  });
  return {
    ...whole,
    read: (indices: Int32Array): Promise<Batch> => {
      if (indices.length === 1) return whole.read(Int32Array.of(0));
      const start = (next++ % batches.length) * size;
      return whole.read(Int32Array.from({ length: size }, (_, i) => start + i));
    },
  };
}

/** A classification task on the one input "x" of a data set, its values fed as they are. */
export function plainTask(parts: Partial<Splits> & { train: Dataset }, { input = 'x', output = 'scores', classes = 3 } = {}): Task {
  const none = empty(parts.train);
  return {
    ...classification({ output, classes: Array.from({ length: classes }, (_, i) => `class ${i}`), train: parts.train }),
    name: 'test',
    splits: { calibration: none, validation: none, test: none, ...parts },
    feeds: [{ input, from: parts.train.inputs[0].name, preprocess: { layout: 'as-is' } }],
  };
}

/** Points around one centre per class, in `width` dimensions: easy, but not without errors. Classes take turns. */
export function clusters({ size = 120, width = 6, classes = 3, spread = 1, seed = 1 } = {}): Dataset {
  const random = new Random(seed);
  const centres = Array.from({ length: classes }, (_, c) => {
    const stream = new Random('centres').fork(c);
    return Array.from({ length: width }, () => 1.5 * stream.normal());
  });
  const labels = Int32Array.from({ length: size }, (_, i) => i % classes);
  const data = new Float32Array(size * width);
  for (let i = 0; i < size; i++) for (let d = 0; d < width; d++) data[i * width + d] = centres[labels[i]][d] + spread * random.normal();
  return arrayDataset({
    name: 'clusters',
    inputs: { x: { type: 'float32', shape: [size, width], data, kind: 'features' } },
    targets: classTargets(labels),
  });
}

/** A graph from its builder: input "x" [N, ...sample], output "scores". */
export function modelOf(sample: readonly number[], write: (build: GraphBuilder, x: Value) => Value, opset = 17): Model {
  const graph = new Graph('test');
  const model = new Model(graph, opset);
  model.irVersion = 8;
  const build = typedBuilder(graph, model.opsets);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), ...sample]);
  build.output(write(build, x), 'scores');
  return model;
}

/** Normal numbers as a parameter. */
export function weight(build: GraphBuilder, name: string, shape: readonly number[], deviation = 0.5): Value {
  return build.parameter(name, normal(shape, name, deviation));
}

export function normal(shape: readonly number[], seed: string, deviation = 1): Tensor {
  const random = new Random(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    shape,
    Float32Array.from({ length: size }, () => deviation * random.normal()),
  );
}

/** Two dense layers with dropout between, for `clusters`. */
export function smallMlp({ width = 6, hidden = 12, classes = 3, dropout = 0, norm = false } = {}): Model {
  return modelOf([width], (build, x) => {
    let h = build.op('Gemm', [x, weight(build, 'first.weight', [width, hidden]), weight(build, 'first.bias', [hidden], 0.1)]);
    if (norm) {
      const vector = (name: string, value: number) =>
        build.parameter(name, Tensor.of('float32', [hidden], new Float32Array(hidden).fill(value)));
      const inputs = [h, vector('norm.scale', 1), vector('norm.shift', 0), vector('norm.mean', 0), vector('norm.variance', 1)];
      h = build.op('BatchNormalization', inputs, { epsilon: floatAttribute(1e-5), momentum: floatAttribute(0.9) });
    }
    h = build.op('Relu', [h]);
    if (dropout > 0) h = build.op('Dropout', [h, build.scalar(dropout)]);
    return build.op('Gemm', [h, weight(build, 'second.weight', [hidden, classes]), weight(build, 'second.bias', [classes], 0.1)]);
  });
}

/** The contents of a model's initializers and Constant nodes, by name. */
export function weightsOf(model: Model): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const value of model.graph.values()) if (value.constant) found.set(value.name, value.constant);
  return found;
}

/** Names of the tensors in which two models differ by any bit. */
export function differences(a: Model, b: Model): string[] {
  const other = weightsOf(b);
  return [...weightsOf(a)]
    .filter(([name, tensor]) => Buffer.compare(Buffer.from(tensor.bytes()), Buffer.from(other.get(name)?.bytes() ?? [])) !== 0)
    .map(([name]) => name);
}
