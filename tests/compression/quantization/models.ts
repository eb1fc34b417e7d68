import { Random } from 'espalier/base';
import { arrayDataset, type Dataset } from 'espalier/data';
import { Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import type { FidelityTask } from 'espalier/training';

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
export function taskOf(model: Model, shape: readonly number[]): FidelityTask {
  const part = (count: number, seed: number) => normals(count, shape, seed);
  return {
    kind: 'fidelity',
    name: 'made',
    reference: model,
    outputs: model.graph.outputs.map((output) => output.name),
    feeds: [{ input: 'x', from: 'x', preprocess: { layout: 'as-is' } }],
    splits: { train: part(64, 1), calibration: part(64, 2), validation: part(64, 3), test: part(64, 4) },
  };
}
