import type { Registers, ScalarType } from '../../../codegen/index.js';
import type { Opcode } from '../assembler/index.js';
import type { KernelState } from './state.js';
import { fitsVector, valueType } from './types.js';

/** How many 32-bit lanes a vector has. */
export const LANES = 4;

/** Registers as locals: four at a time as a vector, what is left one by one. */
export class RegisterFile {
  readonly #state: KernelState;
  readonly #locals = new Map<number, readonly number[]>();

  constructor(state: KernelState) {
    this.#state = state;
  }

  declare({ id, type, size }: Registers): void {
    const vectors = fitsVector(type) ? Math.floor(size / LANES) : 0;
    const singles = size - vectors * LANES;
    this.#locals.set(id, [
      ...Array.from({ length: vectors }, () => this.#state.local('v128')),
      ...Array.from({ length: singles }, () => this.#state.local(valueType(type))),
    ]);
  }

  /** The local that holds four registers, from a multiple of four on. */
  vector({ id, hint }: Registers, from: number): number {
    const local = this.#locals.get(id)?.[from / LANES];
    if (local === undefined) throw new Error(`There is no vector of registers at ${from} of "${hint}"`);
    return local;
  }

  get(registers: Registers, at: number): void {
    const { local, lane } = this.#place(registers, at);
    this.#state.code.get(local);
    if (lane !== undefined) this.#state.code.op(laneOpcode('extract', registers.type), lane);
  }

  /** Sets a register to what `value` puts on the stack. */
  set(registers: Registers, at: number, value: () => void): void {
    const { local, lane } = this.#place(registers, at);
    if (lane !== undefined) this.#state.code.get(local);
    value();
    if (lane !== undefined) this.#state.code.op(laneOpcode('replace', registers.type), lane);
    this.#state.code.set(local);
  }

  #place({ id, hint, type, size }: Registers, at: number): { local: number; lane?: number } {
    const locals = this.#locals.get(id);
    if (!locals || !(at >= 0 && at < size)) throw new Error(`There is no register ${at} of "${hint}"`);
    const vectors = fitsVector(type) ? Math.floor(size / LANES) : 0;
    if (at >= vectors * LANES) return { local: locals[vectors + at - vectors * LANES] };
    return { local: locals[Math.floor(at / LANES)], lane: at % LANES };
  }
}

/** Reads or writes one lane. */
export function laneOpcode(way: 'extract' | 'replace', type: ScalarType): Opcode {
  return `${type === 'f32' ? 'f32x4' : 'i32x4'}.${way}_lane`;
}
