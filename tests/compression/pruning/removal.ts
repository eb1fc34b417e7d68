import assert from 'node:assert/strict';
import { Random, sizeOf, stridesOf } from 'espalier/base';
import { type Axis, type DependencyOptions, findDependencies, findLayers, type Group, removeGroups } from 'espalier/compression/pruning';
import { constantsToInitializers, copyModel, type DataType, encodeModel, type Model, Tensor, type TypedArray } from 'espalier/onnx';
import * as ort from 'onnxruntime-node';
import { restoreOpenShapes, staticCopy } from '#dist/compression/pruning/prepare.js';

/** Runs a model once in ONNX Runtime. */
export async function run(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(encodeModel(model), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'basic',
  });
  const given = Object.entries(feeds).map(
    ([name, tensor]) => [name, new ort.Tensor(tensor.dtype as 'float32', tensor.data().slice() as Float32Array, tensor.shape)] as const,
  );
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [name, Tensor.of(type as DataType, dims, data as TypedArray)]),
  );
}

/** Normal noise for a model's float inputs, two samples where the batch is open. */
export function noise(model: Model, seed = 5): Record<string, Tensor> {
  const random = new Random(seed);
  return Object.fromEntries(
    model.graph.feeds.map((input) => {
      const shape = (input.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 2));
      return [
        input.name,
        Tensor.from(
          'float32',
          shape,
          Array.from({ length: sizeOf(shape) }, () => random.normal()),
        ),
      ];
    }),
  );
}

/** A random part of the groups of each layer, never all. */
export function someGroups(model: Model, seed: number, options: DependencyOptions = {}): { work: Model; groups: Group[]; all: number } {
  const work = staticCopy(model);
  const dependencies = findDependencies(work, options);
  const random = new Random(seed);
  const groups = findLayers(dependencies).flatMap((layer) => layer.groups.filter((_, index) => index > 0 && random.uniform() < 0.4));
  removeGroups(work, dependencies, groups);
  restoreOpenShapes(work, model);
  return { work, groups, all: dependencies.groups.length };
}

/**
 * Removes groups and compares, in ONNX Runtime: the smaller model must give what the whole one gives with every removed slice of its constants
 * zero. What reads a removed channel has zero weights for it, so that nothing which happens to the channel on the way matters.
 */
export async function provesRemoval(
  model: Model,
  seed: number,
  { feeds = noise(model), tolerance = 2e-5, heads = false }: { feeds?: Record<string, Tensor>; tolerance?: number; heads?: boolean } = {},
): Promise<{ removed: number; all: number }> {
  const { work, groups, all } = someGroups(model, seed, { heads });
  const [small, whole] = [await run(work, feeds), await run(zeroed(model, groups), feeds)];
  assert.deepEqual(Object.keys(small), Object.keys(whole));
  for (const [name, expected] of Object.entries(whole)) {
    assert.equal(small[name].dtype, expected.dtype);
    assert.deepEqual(small[name].shape, expected.shape);
    const [a, b] = [small[name].numbers(), expected.numbers()];
    const scale = b.reduce((largest, number) => Math.max(largest, Math.abs(number)), 1e-3);
    a.forEach((number, i) => {
      if (!(Math.abs(number - b[i]) <= tolerance * scale)) assert.fail(`${name}[${i}] is ${number}, not ${b[i]}`);
    });
  }
  return { removed: groups.length, all };
}

/** A copy whose constants are zero where groups have their slices. */
export function zeroed(source: Model, groups: readonly Group[]): Model {
  const model = copyModel(source);
  constantsToInitializers(model.graph);
  const constants = new Map([...model.graph.initializers].map((value) => [value.name, value]));
  const removed = new Map<Axis, Set<number>>();
  for (const { axis, indices } of groups.flat()) removed.set(axis, new Set([...(removed.get(axis) ?? []), ...indices]));
  for (const [axis, gone] of removed) {
    const value = axis.value.initializer && constants.get(axis.value.name);
    if (!value?.initializer) continue;
    const { dtype, shape } = value.initializer;
    const [step, size] = [stridesOf(shape)[axis.axis], shape[axis.axis]];
    const numbers = value.initializer.numbers().map((number, i) => (gone.has(Math.floor(i / step) % size) ? 0 : number));
    value.initializer = Tensor.from(dtype, shape, numbers);
  }
  return model;
}
