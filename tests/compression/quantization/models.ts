import { Random } from 'espalier/base';
import { arrayDataset, type Dataset } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { feedsOf, fidelity, type Task } from 'espalier/training';

export type Weights = (shape: readonly number[], size?: number) => Value;

/** A model on `x` [N, ...shape] with random weights of the given magnitude; what `write` returns are the outputs y0, y1, … */
export function madeModel(
  shape: readonly number[],
  write: (build: GraphBuilder, x: Value, weights: Weights) => Value | Value[],
  opset = 17,
): Model {
  const graph = new Graph('made');
  const model = new Model(graph, opset);
  model.irVersion = 8;
  const build = typedBuilder(graph, model.opsets);
  const random = new Random(5);
  const weights: Weights = (of, size = 0.4) =>
    build.parameter(
      'w',
      Tensor.from(
        'float32',
        of,
        Float32Array.from({ length: of.reduce((a, b) => a * b, 1) }, () => random.normal() * size),
      ),
    );
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), ...shape]);
  const made = write(build, x, weights);
  (Array.isArray(made) ? made : [made]).forEach((value, index) => {
    build.output(value, `y${index}`);
  });
  return model;
}

export function normals(count: number, shape: readonly number[], seed: number): Dataset {
  const random = new Random(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count * size }, () => random.normal());
  return arrayDataset({ name: 'normals', inputs: { x: { type: 'float32', shape: [count, ...shape], data } } });
}

/** Fidelity to the model itself on normal inputs. */
export function taskOf(model: Model, shape: readonly number[]): Task {
  const part = (count: number, seed: number) => normals(count, shape, seed);
  return {
    ...fidelity({ reference: model, outputs: model.graph.outputs.map((output) => output.name) }),
    name: 'made',
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
    splits: { train: part(64, 1), calibration: part(64, 2), validation: part(64, 3), test: part(64, 4) },
  };
}

/** How far a model's outputs are from its original's on a part of the data: 1 - R² of all numbers of an output, the mean over the outputs. */
export async function noiseOf(model: Model, task: Task, runtime: Runtime, split: 'calibration' | 'test'): Promise<number> {
  const part = task.splits[split];
  const batch = await part.read(Int32Array.from({ length: part.size }, (_, i) => i));
  const run = async (of: Model) => {
    const program = await runtime.compile(of);
    const outputs = await program.run(feedsOf(task.feeds, batch));
    await program.dispose();
    return task.outputs.map((name) => outputs[name].toFloat32());
  };
  const [wanted, found] = [await run(task.reference as Model), await run(model)];
  const each = wanted.map((numbers, output) => {
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    const variation = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    return numbers.reduce((sum, x, i) => sum + (x - found[output][i]) ** 2, 0) / variation;
  });
  return each.reduce((sum, noise) => sum + noise, 0) / each.length;
}

/** Random weights whose slices along `axis` differ in size by up to 2^±7: `direction` says whether a channel is made larger or smaller. */
export function uneven(shape: readonly number[], axis: number, direction: 1 | -1, size = 0.3): Tensor {
  const random = new Random(7);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const count = shape.reduce((a, b) => a * b, 1);
  const scale = (i: number) => 2 ** (direction * ((((Math.floor(i / inner) % shape[axis]) * 5) % 15) - 7));
  return Tensor.from(
    'float32',
    shape,
    Float32Array.from({ length: count }, (_, i) => random.normal() * size * scale(i)),
  );
}

/** Convolutions whose common activation has channels of very different size, with a residual branch, pools and a dense layer behind. */
export function wildNet(build: GraphBuilder, x: Value, weights: Weights): Value {
  const a = build.op('Conv', [x, build.parameter('w', uneven([12, 3, 3, 3], 0, 1)), build.parameter('b', uneven([12], 0, 1, 0.1))], {
    pads: [1, 1, 1, 1],
  });
  const b = build.op('Conv', [build.op('Relu', [a]), build.parameter('w', uneven([12, 1, 3, 3], 0, -1))], {
    group: 12,
    pads: [1, 1, 1, 1],
  });
  const pooled = build.op('MaxPool', [build.op('LeakyRelu', [b], { alpha: { type: 'float', value: 0.1 } })], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  });
  const c = build.op('Relu', [build.op('Conv', [pooled, build.parameter('w', uneven([8, 12, 1, 1], 0, 1))])]);
  const flat = build.op('Flatten', [c]);
  const d = build.op('Gemm', [flat, build.parameter('w', uneven([128, 6], 0, -1)), weights([6])]);
  return d;
}

/** A block as transformers have it: a normalization with outlier channels before three products, and a product without one. */
export function outlierNet(build: GraphBuilder, x: Value, weights: Weights): Value {
  const normal = build.op('LayerNormalization', [
    x,
    build.parameter(
      'gain',
      Tensor.from(
        'float32',
        [16],
        Array.from({ length: 16 }, (_, c) => (c === 3 ? 200 : 1)),
      ),
    ),
    build.parameter(
      'shift',
      Tensor.from(
        'float32',
        [16],
        Array.from({ length: 16 }, (_, c) => (c === 3 ? 20 : 0.1)),
      ),
    ),
  ]);
  const taken = (size: number) => {
    const tensor = new Random(9);
    return build.parameter(
      'w',
      Tensor.from(
        'float32',
        [16, size],
        Float32Array.from({ length: 16 * size }, (_, i) => (tensor.normal() * 0.3) / (Math.floor(i / size) === 3 ? 200 : 1)),
      ),
    );
  };
  const [q, k] = [build.op('MatMul', [normal, taken(8)]), build.op('MatMul', [normal, taken(8)])];
  const sum = build.op('Add', [build.op('MatMul', [normal, taken(8)]), weights([8])]);
  const gated = build.op('Add', [build.op('Mul', [q, k]), build.op('Erf', [sum])]);
  return build.op('MatMul', [gated, weights([8, 4])]);
}
