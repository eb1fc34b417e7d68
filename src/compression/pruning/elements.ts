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

/**
 * Every index of every axis of the values given, in disjoint sets: those in one set are kept or removed together. A set may be locked: then
 * it is kept. Union by size with path halving (Tarjan and van Leeuwen 1984).
 */
export class Elements {
  readonly axes: Axis[] = [];
  readonly #axesOf = new Map<Value, readonly Axis[]>();
  readonly #parents: Int32Array;
  readonly #sizes: Int32Array;
  readonly #locked: Uint8Array;

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
    this.#locked = new Uint8Array(count);
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
    this.#locked[large] |= this.#locked[small];
  }

  lock(axis: Axis): void {
    for (let element = axis.first; element < axis.first + axis.size; element++) this.#locked[this.#find(element)] = 1;
  }

  isLocked(root: number): boolean {
    return this.#locked[root] === 1;
  }

  /** Whether no index of the axis may be removed. */
  isClosed(axis: Axis): boolean {
    for (let element = axis.first; element < axis.first + axis.size; element++) {
      if (!this.#locked[this.#find(element)]) return false;
    }
    return true;
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
