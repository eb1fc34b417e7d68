import { GraphError, sameShape, sizeOf, stridesOf } from '../../base/index.js';
import { bitsOf, type Graph, type Model, removeDeadCode, Tensor, type Value, type ValueType } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import type { Dependencies, Group } from './dependencies.js';
import type { Axis } from './elements.js';

/**
 * Removes groups from a graph, in place: constants lose their slices, attributes and constant shapes follow, and all types are inferred anew.
 * @param model whose graph the dependencies were found in, with static shapes.
 * @throws GraphError where the smaller graph does not have the sizes that the coupling rules promised: a rule is wrong.
 */
export function removeGroups(model: Model, dependencies: Dependencies, groups: readonly Group[]): void {
  const { elements, graph, rewrites } = dependencies;
  const kept = new Kept(groups);
  const expected = new Map<Value, number[]>();
  for (const value of graph.values()) {
    if (elements.has(value))
      expected.set(
        value,
        elements.axesOf(value).map((axis) => kept.sizeOf(axis)),
      );
  }
  for (const value of graph.initializers)
    sliceConstant(
      value,
      elements.axesOf(value).map((axis) => kept.of(axis)),
    );
  const size = (value: Value) => elements.axesOf(value).map((axis) => kept.sizeOf(axis));
  for (const rewrite of rewrites) rewrite(size, (ref) => kept.of(elements.axis(ref)) ?? range(elements.axis(ref).size));
  removeDeadCode(graph);
  forgetShapes(graph);
  inferShapes(model);
  for (const value of graph.values()) {
    const wanted = expected.get(value);
    if (!wanted || !value.shape || sameShape(wanted, value.shape as number[])) continue;
    throw new GraphError({
      what: `Pruning left "${value.name}" with another shape than planned`,
      expected: `[${wanted}]`,
      got: `[${value.shape}]`,
    });
  }
}

/** Inner values keep their element types only. */
export function forgetShapes(graph: Graph): void {
  const outputs = new Set(graph.outputs);
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      if (value && !outputs.has(value)) value.type = shapeless(value.type);
    }
  }
}

function shapeless(type: ValueType | undefined): ValueType | undefined {
  return type?.kind === 'tensor' ? { kind: 'tensor', dtype: type.dtype } : type;
}

/** The indices that axes still have. */
class Kept {
  readonly #removed = new Map<Axis, Set<number>>();
  readonly #kept = new Map<Axis, readonly number[]>();

  constructor(groups: readonly Group[]) {
    for (const { axis, indices } of groups.flat()) {
      const removed = this.#removed.get(axis) ?? new Set();
      for (const index of indices) removed.add(index);
      this.#removed.set(axis, removed);
    }
  }

  sizeOf(axis: Axis): number {
    return axis.size - (this.#removed.get(axis)?.size ?? 0);
  }

  /** Ascending; undefined where nothing was removed. */
  of(axis: Axis): readonly number[] | undefined {
    const removed = this.#removed.get(axis);
    if (!removed) return undefined;
    const known = this.#kept.get(axis);
    if (known) return known;
    const kept = range(axis.size).filter((index) => !removed.has(index));
    this.#kept.set(axis, kept);
    return kept;
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function sliceConstant(value: Value, kept: readonly (readonly number[] | undefined)[]): void {
  if (!value.initializer || kept.every((indices) => indices === undefined)) return;
  value.initializer = sliceTensor(value.initializer, kept);
  if (value.type?.kind === 'tensor') value.type = { ...value.type, shape: value.initializer.shape };
}

/** The elements of a tensor at the kept indices of each axis; undefined keeps all of an axis. */
export function sliceTensor(tensor: Tensor, kept: readonly (readonly number[] | undefined)[]): Tensor {
  const bits = bitsOf(tensor.dtype);
  const shape = tensor.shape.map((size, axis) => kept[axis]?.length ?? size);
  const places = placesOf(tensor.shape, kept);
  if (bits < 8) {
    const numbers = tensor.numbers();
    return Tensor.from(
      tensor.dtype,
      shape,
      Array.from(places, (place) => numbers[place]),
    );
  }
  const width = bits / 8;
  const from = tensor.bytes();
  const to = new Uint8Array(sizeOf(shape) * width);
  places.forEach((place, index) => {
    to.set(from.subarray(place * width, (place + 1) * width), index * width);
  });
  return new Tensor(tensor.dtype, shape, to);
}

/** Row-major places of the kept elements, in order. */
function placesOf(shape: readonly number[], kept: readonly (readonly number[] | undefined)[]): Float64Array {
  const strides = stridesOf(shape);
  let places = new Float64Array(1);
  shape.forEach((size, axis) => {
    const indices = kept[axis] ?? range(size);
    const next = new Float64Array(places.length * indices.length);
    places.forEach((place, i) => {
      for (let j = 0; j < indices.length; j++) next[i * indices.length + j] = place + indices[j] * strides[axis];
    });
    places = next;
  });
  return places;
}
