import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addGradients, prepare } from 'espalier/autodiff';
import { Random, sizeOf } from 'espalier/base';
import { constantsToInitializers, decodeModel, encodeModel, staticShape, Tensor, type Value } from 'espalier/onnx';
import { shared, skipWithout } from '../support/paths.js';
import { openSession, runSession } from './sessions.js';

/** Classifiers and detectors that others trained and exported. */
const models = [
  'mnist8_cntk',
  'crepe_tiny',
  'magika_standard_v3_3',
  'ppocr_v2_cls',
  'ultraface_rfb_320',
  'fastestdet',
  'tract_byte_sb_bidi_lstm',
];

/**
 * Steps, as parts of the weight's norm. A deep net of rectifiers has a kink everywhere: long steps cross kinks, short ones drown in
 * rounding, so that a gradient is right where one of them agrees.
 */
const STEPS = [1e-3, 1e-4, 1e-5];
const TOLERANCE = 0.03;
/** Weights of each model that are checked: evenly spread from the first to the last. */
const CHECKED = 4;
/** Of a sequence, where a model takes any; batches are of one. */
const LENGTH = 12;

for (const name of models) {
  const path = shared('models', `${name}.onnx`);
  test(`the gradients of ${name} agree with finite differences along themselves`, { skip: skipWithout(path, `${name}.onnx`) }, async () => {
    const { bytes, feeds, upstream, gradients } = gradientsOfWeights(readFileSync(path as string), new Random(name));
    const session = await openSession(bytes);
    const results = await runSession(session, feeds);
    for (const [weight, output] of spread([...gradients], CHECKED)) {
      const gradient = results[output].numbers();
      const norm = normOf(gradient);
      assert.ok(norm > 0, `${weight} has a gradient`);
      const start = feeds[weight].numbers();
      const ratios: number[] = [];
      for (const step of STEPS) {
        // A bias may be all zeros.
        const length = (step * (normOf(start) || 1)) / norm;
        const loss = async (sign: number) => {
          const moved = Tensor.from(
            'float32',
            feeds[weight].shape,
            start.map((x, i) => x + sign * length * gradient[i]),
          );
          return dot(upstream, await runSession(session, { ...feeds, [weight]: moved }));
        };
        ratios.push(((await loss(1)) - (await loss(-1))) / (2 * length * norm ** 2));
      }
      assert.ok(
        ratios.some((ratio) => Math.abs(ratio - 1) <= TOLERANCE),
        `${weight}: measured over predicted is ${ratios.join(', ')} at steps ${STEPS.join(', ')}`,
      );
    }
    await session.release();
  });
}

interface Differentiated {
  bytes: Uint8Array<ArrayBuffer>;
  feeds: Record<string, Tensor>;
  /** The loss is the sum of the outputs, weighted by these. */
  upstream: Record<string, Tensor>;
  /** Names of the weights, which are inputs now, with the outputs that hold their gradients. */
  gradients: Map<string, string>;
}

function gradientsOfWeights(file: Uint8Array, random: Random): Differentiated {
  const source = decodeModel(file);
  const inputShapes = Object.fromEntries(
    source.graph.feeds.map((input) => [
      input.name,
      (input.shape ?? []).map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : LENGTH)),
    ]),
  );
  const { model, build } = prepare(source, { inputShapes });
  const { graph } = model;
  constantsToInitializers(graph);
  const feeds: Record<string, Tensor> = {};
  for (const input of graph.feeds) feeds[input.name] = drawn(input, random);
  const upstream: Record<string, Tensor> = {};
  const from = new Map<Value, Value>();
  for (const output of graph.outputs) {
    upstream[output.name] = drawn(output, random);
    const input = build.input(`gradient of loss by ${output.name}`, 'float32', output.shape ?? []);
    feeds[input.name] = upstream[output.name];
    from.set(output, input);
  }
  const weights = [...graph.initializers].filter((value) => value.dtype === 'float32' && sizeOf(staticShape(value.shape) ?? []) > 1);
  const found = addGradients({ build, opsets: model.opsets, from, to: weights, lenient: true });
  const gradients = new Map<string, string>();
  for (const [weight, gradient] of found) {
    feeds[weight.name] = weight.initializer as Tensor;
    graph.initializers.delete(weight);
    weight.initializer = undefined;
    graph.inputs.push(weight);
    gradients.set(weight.name, build.output(gradient, `gradient of ${weight.name}`).name);
  }
  return { bytes: new Uint8Array(encodeModel(model)), feeds, upstream, gradients };
}

/** Normal numbers, or small integers, in the shape of a value. */
function drawn(value: Value, random: Random): Tensor {
  const shape = staticShape(value.shape) ?? [];
  const floating = value.dtype === 'float32';
  const numbers = Array.from({ length: sizeOf(shape) }, () => (floating ? random.normal() : random.integer(20)));
  return Tensor.from(value.dtype ?? 'float32', shape, numbers);
}

function normOf(numbers: Float64Array): number {
  return Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
}

function dot(weights: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>): number {
  let total = 0;
  for (const [name, tensor] of Object.entries(weights)) {
    const values = outputs[name].numbers();
    tensor.numbers().forEach((weight, i) => {
      total += weight * values[i];
    });
  }
  return total;
}

function spread<T>(items: readonly T[], count: number): T[] {
  return Array.from(
    { length: Math.min(count, items.length) },
    (_, i) => items[Math.round((i * (items.length - 1)) / Math.max(1, count - 1))],
  );
}
