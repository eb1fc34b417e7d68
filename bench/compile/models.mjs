// The models that are compiled: families of Espalier with random weights, in floats and in 8 bits, and one that others trained.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { architecture } from '../../dist/architectures/index.js';
import { Random } from '../../dist/base/index.js';
import { quantizeStatic } from '../../dist/compression/quantization/index.js';
import { arrayDataset } from '../../dist/data/index.js';
import { loadModel, saveModel } from '../../dist/onnx/node/index.js';
import { fidelity } from '../../dist/training/index.js';

const FAMILIES = { 'ds-cnn': [1, 49, 10], 'resnet-8': [3, 32, 32], mobilenet: [3, 32, 32], mlp: [64] };

/** Writes the models that are missing. @returns [name, file] of each. */
export async function models(folder, shared, runtime) {
  mkdirSync(folder, { recursive: true });
  const found = [];
  for (const [name, shape] of Object.entries(FAMILIES)) {
    const [float, int8] = [join(folder, `${name}.onnx`), join(folder, `${name}-int8.onnx`)];
    if (!existsSync(float)) await saveModel(fixedBatch(architecture(name).build({ input: shape, classes: 10, seed: 3 })), float);
    if (!existsSync(int8)) await saveModel(await quantized(loadModel(float), shape, runtime), int8);
    found.push([name, float], [`${name} int8`, int8]);
  }
  const trained = join(shared, 'models', 'mnist8_cntk.onnx');
  return existsSync(trained) ? [...found, ['mnist8_cntk', trained]] : found;
}

/** Other generators want a batch of one. */
function fixedBatch(model) {
  const [input] = model.graph.inputs;
  input.type = { ...input.type, shape: [1, ...input.shape.slice(1)] };
  for (const output of model.graph.outputs) output.type = { ...output.type, shape: [1, ...output.shape.slice(1)] };
  return model;
}

async function quantized(model, shape, runtime) {
  const part = (seed) => {
    const size = shape.reduce((all, each) => all * each, 1);
    const random = new Random(seed);
    const data = Float32Array.from({ length: 8 * size }, () => random.normal());
    return arrayDataset({ name: 'random', inputs: { x: { type: 'float32', shape: [8, ...shape], data } } });
  };
  const goal = fidelity({ reference: model, outputs: model.graph.outputs.map(({ name }) => name) });
  const feeds = [{ input: 'input', from: 'x', preprocess: { layout: 'as-is' } }];
  const splits = { train: part(1), calibration: part(2), validation: part(3), test: part(4) };
  return (await quantizeStatic(model, { ...goal, feeds, splits }, runtime)).model;
}
