import { encodingOf, type Opcode, signed, unsigned } from './opcodes.js';

/** Types of locals, parameters and results. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export const valueTypes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** The type of a block without a result. */
const NOTHING = 0x40;

/** Instructions one after the other. Code that is added may still be written to: what it holds when bytes are asked for counts. */
export class Code {
  readonly #parts: (number | Code)[] = [];

  /** @param immediates unsigned numbers behind the instruction: a local, a lane, a depth. */
  op(name: Opcode, ...immediates: readonly number[]): this {
    this.#parts.push(...encodingOf(name), ...immediates.flatMap(unsigned));
    return this;
  }

  get(local: number): this {
    return this.op('local.get', local);
  }

  set(local: number): this {
    return this.op('local.set', local);
  }

  tee(local: number): this {
    return this.op('local.tee', local);
  }

  i32(value: number): this {
    this.#parts.push(...encodingOf('i32.const'), ...signed(value | 0));
    return this;
  }

  i64(value: bigint): this {
    this.#parts.push(...encodingOf('i64.const'), ...signed(BigInt.asIntN(64, value)));
    return this;
  }

  f32(value: number): this {
    this.#parts.push(...encodingOf('f32.const'), ...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  f64(value: number): this {
    this.#parts.push(...encodingOf('f64.const'), ...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  /** A constant of four integers. */
  i32x4(values: readonly [number, number, number, number]): this {
    this.#parts.push(...encodingOf('v128.const'), ...new Uint8Array(Int32Array.from(values).buffer));
    return this;
  }

  /** @param lanes for each byte of the result, which of the 32 bytes of both operands it is. */
  shuffle(lanes: readonly number[]): this {
    this.#parts.push(...encodingOf('i8x16.shuffle'), ...lanes);
    return this;
  }

  /** A load or store, of which nothing is promised about the alignment. @param lane of instructions on one lane. */
  access(name: Opcode, offset: number, lane?: number): this {
    return this.op(name, 0, offset, ...(lane === undefined ? [] : [lane]));
  }

  /** Begins a block, a loop, or a condition's branch; `end` ends it. */
  open(name: 'block' | 'loop' | 'if', result?: ValueType): this {
    this.#parts.push(...encodingOf(name), result ? valueTypes[result] : NOTHING);
    return this;
  }

  end(): this {
    return this.op('end');
  }

  add(code: Code): this {
    this.#parts.push(code);
    return this;
  }

  bytes(): number[] {
    const bytes: number[] = [];
    this.#write(bytes);
    return bytes;
  }

  #write(bytes: number[]): void {
    for (const part of this.#parts) {
      if (typeof part === 'number') bytes.push(part);
      else part.#write(bytes);
    }
  }
}
