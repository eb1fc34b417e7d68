import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeTflite, encodeTflite } from 'espalier/formats';
import { loadModel } from 'espalier/formats/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { DataType, Model, Tensor } from 'espalier/onnx';
import { fixture, shared, skipWithout } from '../../support/paths.js';
import { apart, type Stored, tensorOf } from './cases.js';
import { waves } from './waves.js';

const models = shared('tflite');
const skip = skipWithout(models, "MLPerf Tiny's models");
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());
const reference = JSON.parse(readFileSync(fixture('tflite', 'reference.json'), 'utf8')) as Record<
  string,
  { answers: Stored; 'in floats'?: Stored }
>;

/** One sample after the other, as the interpreter takes them. */
async function answersOf(model: Model, name: string, count: number): Promise<Tensor> {
  const [input] = model.graph.inputs;
  const [output] = model.graph.outputs;
  const shape = (input.shape ?? []).slice(1) as number[];
  const program = await runtime.compile(model, { threads: 1 });
  const answers = await program.run({ [input.name]: waves(name, input.dtype as DataType, shape, count) });
  await program.dispose();
  return answers[output.name];
}

for (const [file, { answers, 'in floats': inFloats }] of Object.entries(reference)) {
  const wanted = tensorOf(inFloats ?? answers);
  const isWhole = wanted.dtype !== 'float32';
  // The interpreter rounds what meets weights in integers to integers as it comes, and its own kernels disagree there by 0.2; with the weights in floats it does not.
  const how = inFloats ? ' for its weights as floats' : '';

  test(`${file} gives what the interpreter gives${how}: within ${isWhole ? 'a unit' : '1e-5'}`, { skip }, async (context) => {
    const model = loadModel(join(models as string, file));
    const { most, differ } = apart(await answersOf(model, file, wanted.shape[0]), wanted, isWhole ? 1 : undefined);
    context.diagnostic(`${differ} of ${wanted.size} elements differ, by ${most} at most`);
    assert.ok(most <= (isWhole ? 1 : 1e-5), `${most}`);
  });

  test(`${file} is written again as a file that gives the same`, { skip }, async () => {
    const again = decodeTflite(encodeTflite(loadModel(join(models as string, file))));
    const { most } = apart(await answersOf(again, file, wanted.shape[0]), wanted, isWhole ? 1 : undefined);
    assert.ok(most <= (isWhole ? 1 : 1e-5), `${most}`);
  });
}

test('inputs and outputs keep their names, types and shapes', { skip }, () => {
  const { inputs, outputs } = loadModel(join(models as string, 'pretrainedResnet_quant.tflite')).graph;
  assert.deepEqual(
    [...inputs, ...outputs].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`),
    ['input_1_int8 int8 batch,32,32,3', 'Identity_int8 int8 batch,10'],
  );
});

test('a network is read so that axes are moved at its edge alone', { skip }, () => {
  const { nodes } = loadModel(join(models as string, 'vww_96_float.tflite')).graph;
  assert.deepEqual(
    nodes.filter(({ op }) => op === 'Transpose').map(({ inputs: [input] }) => input?.name),
    ['input_1'],
  );
});
