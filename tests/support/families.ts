import { architectures } from 'espalier/architectures';
import { Random } from 'espalier/base';
import { quantizeStatic } from 'espalier/compression/quantization';
import { arrayDataset } from 'espalier/data';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { type Model, Tensor } from 'espalier/onnx';
import { fidelity } from 'espalier/training';
import type { Lowered } from '#dist/infrastructure/codegen/index.js';

const shapes: Readonly<Record<string, readonly number[]>> = { image: [3, 32, 32], audio: [1, 49, 10], features: [20], text: [12] };
const VOCABULARY = 50;

/** A sample of each family of architectures, small, with random weights. */
export const families = architectures.map((architecture) => {
  const shape = shapes[architecture.takes];
  const isText = architecture.takes === 'text';
  const build = () => architecture.build({ input: shape, classes: 10, seed: 3, width: 0.25, ...(isText && { vocabulary: VOCABULARY }) });
  return { name: architecture.name, shape, isText, build };
});

/** Numbers for a model's input: normal ones, or ids. */
export function sampleOf(shape: readonly number[], isText: boolean, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: shape.reduce((all, each) => all * each, 1) }, () =>
    isText ? random.integer(VOCABULARY) : random.normal(),
  );
}

/** A model in 8 bits, calibrated on random samples. */
export async function quantized(model: Model, shape: readonly number[], runtime: Runtime): Promise<Model> {
  const part = (seed: number) => {
    const size = shape.reduce((all, each) => all * each, 1);
    const data = new Float32Array(8 * size);
    for (let i = 0; i < 8; i++) data.set(sampleOf(shape, false, seed * 100 + i), i * size);
    return arrayDataset({ name: 'random', inputs: { x: { type: 'float32', shape: [8, ...shape], data } } });
  };
  const goal = fidelity({ reference: model, outputs: model.graph.outputs.map(({ name }) => name) });
  const feeds = [{ input: 'input', from: 'x', preprocess: { layout: 'as-is' as const } }];
  const splits = { train: part(1), calibration: part(2), validation: part(3), test: part(4) };
  return (await quantizeStatic(model, { ...goal, feeds, splits }, runtime)).model;
}

/** The tensor that a module's first input takes. */
export function tensorOf({ inputs: [input] }: Lowered, values: Float32Array): Tensor {
  return Tensor.from(input.dtype, input.shape, values);
}
