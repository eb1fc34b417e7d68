import { sizeOf } from '../../../base/index.js';
import type { Graph, Value } from '../../../onnx/index.js';
import type { Buffer, StorageType } from '../loops/index.js';
import { rowMajor, type Strided, storageOrder, stridesInOrder } from '../operands/index.js';
import type { ProgramBuilder } from './builder.js';
import { shapeOf } from './facts.js';
import { type Slot, slotsOf } from './slots.js';

/** Strides that whoever writes a value would like best. */
type Liked = () => readonly number[] | undefined;

/** Decides where values are written. */
export class Targets {
  readonly #builder: ProgramBuilder;
  readonly #slots: ReadonlyMap<Value, Slot>;
  readonly #outputs = new Map<Value, Buffer>();
  readonly #known = new Map<Value, Strided>();

  constructor(graph: Graph, builder: ProgramBuilder) {
    this.#builder = builder;
    this.#slots = slotsOf(graph);
  }

  /** Says that a value is a result of the program. The first of several buffers is where it is computed. */
  addOutput(value: Value, buffer: Buffer): void {
    if (!this.#outputs.has(value)) this.#outputs.set(value, buffer);
  }

  /** The caller's memory of a result. */
  output(value: Value): Buffer | undefined {
    return this.#outputs.get(value);
  }

  /** Where a value is written: in the caller's memory, in its part of a longer value, or in memory of its own. */
  of(value: Value, type: StorageType, shape: readonly number[], liked: Liked = () => undefined): Strided {
    const known = this.#known.get(value);
    if (known) return known;
    const output = this.#outputs.get(value);
    const slot = this.#slots.get(value);
    const target = output
      ? { buffer: output, strides: rowMajor(shape), offset: 0 }
      : slot
        ? this.#slice(slot, type, shape, liked)
        : { buffer: this.#builder.buffer(value.name, type, sizeOf(shape), 'arena'), strides: liked() ?? rowMajor(shape), offset: 0 };
    this.#known.set(value, target);
    return target;
  }

  #slice({ whole, axis, start }: Slot, type: StorageType, shape: readonly number[], liked: Liked): Strided {
    const wholeShape = shapeOf(whole);
    const target = this.of(whole, type, wholeShape, () => {
      const strides = liked();
      return strides && stridesInOrder(wholeShape, storageOrder(shape, strides));
    });
    return { ...target, offset: target.offset + start * target.strides[axis] };
  }
}
