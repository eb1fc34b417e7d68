import { GraphError } from '../../base/index.js';
import { staticShape, type Value } from '../../onnx/index.js';
import type { AxisRef } from '../../ops/index.js';

/** One axis of one value. Its elements are its indices. */
export interface Axis extends AxisRef {
  /** Place in `Elements.axes`. */
  readonly id: number;
  readonly size: number;
  /** Number of its index 0 among all elements. */
  readonly first: number;
}

/** Why elements are kept. */
export interface Obstacle {
  /** A clause: "Reshape "r7" mixes them". */
  readonly reason: string;
  /** Whether nothing else could be expected: the model's own inputs and outputs, and what is kept on request. */
  readonly isGiven?: boolean;
}

/**
 * Every index of every axis of the values given, in disjoint sets: those in one set are kept or removed together. A set may be locked: then
 * it is kept. Union by size with path halving (Tarjan and van Leeuwen 1984).
 */
export class Elements {
  readonly axes: Axis[] = [];
  readonly #axesOf = new Map<Value, readonly Axis[]>();
  readonly #parents: Int32Array;
  readonly #sizes: Int32Array;
  /** By set: the first reason why it is locked. */
  readonly #obstacles = new Map<number, Obstacle>();
  /** By set: whether it stands for heads of an attention. */
  readonly #heads: Uint8Array;

  /** Values without a static shape have no elements. */
  constructor(values: Iterable<Value>) {
    let count = 0;
    for (const value of values) {
      const shape = staticShape(value.shape) ?? value.constant?.shape;
      if (!shape) continue;
      const axes = shape.map((size, axis): Axis => {
        const made = { value, axis, size, first: count, id: this.axes.length };
        this.axes.push(made);
        count += size;
        return made;
      });
      this.#axesOf.set(value, axes);
    }
    this.#parents = Int32Array.from({ length: count }, (_, element) => element);
    this.#sizes = new Int32Array(count).fill(1);
    this.#heads = new Uint8Array(count);
  }

  /** The axes of a value; none where its shape is not known. */
  axesOf(value: Value): readonly Axis[] {
    return this.#axesOf.get(value) ?? [];
  }

  /** Whether the value's shape is known. */
  has(value: Value): boolean {
    return this.#axesOf.has(value);
  }

  /** @throws GraphError where the value has no such axis. */
  axis({ value, axis }: AxisRef): Axis {
    const found = this.#axesOf.get(value)?.[axis];
    if (found) return found;
    throw new GraphError({ what: `the shape of "${value.name}" is only known when it runs` });
  }

  /** The element that stands for the set of index `index` of an axis. */
  rootOf(axis: Axis, index: number): number {
    if (!(index >= 0 && index < axis.size)) {
      throw new GraphError({
        what: `Index ${index} lies outside axis ${axis.axis} of "${axis.value.name}"`,
        expected: `below ${axis.size}`,
      });
    }
    return this.#find(axis.first + index);
  }

  join(a: Axis, index: number, b: Axis, other: number): void {
    let large = this.rootOf(a, index);
    let small = this.rootOf(b, other);
    if (large === small) return;
    if (this.#sizes[large] < this.#sizes[small]) [large, small] = [small, large];
    this.#parents[small] = large;
    this.#sizes[large] += this.#sizes[small];
    this.#heads[large] |= this.#heads[small];
    const obstacle = this.#obstacles.get(large) ?? this.#obstacles.get(small);
    if (obstacle) this.#obstacles.set(large, obstacle);
  }

  lock(axis: Axis, obstacle: Obstacle): void {
    for (const root of this.#rootsOf(axis)) if (!this.#obstacles.has(root)) this.#obstacles.set(root, obstacle);
  }

  isLocked(root: number): boolean {
    return this.#obstacles.has(root);
  }

  /** Why a set is locked; undefined where it is not. */
  obstacleOf(root: number): Obstacle | undefined {
    return this.#obstacles.get(root);
  }

  /** The indices of the axis are heads: whole parts of an attention that work side by side. */
  markHeads(axis: Axis): void {
    for (const root of this.#rootsOf(axis)) this.#heads[root] = 1;
  }

  isHead(root: number): boolean {
    return this.#heads[root] === 1;
  }

  /** Whether all indices of the axis are heads, or whole sets of them. */
  isHeads(axis: Axis): boolean {
    for (const root of this.#rootsOf(axis)) if (!this.#heads[root]) return false;
    return true;
  }

  /** Whether no index of the axis may be removed. */
  isClosed(axis: Axis): boolean {
    for (const root of this.#rootsOf(axis)) if (!this.#obstacles.has(root)) return false;
    return true;
  }

  *#rootsOf({ first, size }: Axis): Generator<number> {
    for (let element = first; element < first + size; element++) yield this.#find(element);
  }

  #find(element: number): number {
    const parents = this.#parents;
    let root = element;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]];
      root = parents[root];
    }
    return root;
  }
}
