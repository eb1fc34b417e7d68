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
