import { type Buffer, bitsOfStorage, type Expr, keyOf, number, plus, rangeOf, type SumExpr, times } from '../../../codegen/index.js';
import type { Code } from '../assembler/index.js';
import type { KernelState } from './state.js';

type Terms = SumExpr['terms'];

/** Where a buffer begins: at an address that is known, or at one that a parameter of the function gives. */
export type Base = { readonly address: number } | { readonly parameter: number };

/** An i32 expression as a sum of multiples. */
export function sumOf(expr: Expr): { terms: Terms; constant: number } {
  if (expr.kind === 'sum') return expr;
  if (expr.kind === 'number') return { terms: [], constant: Number(expr.value) };
  return { terms: [{ of: expr, factor: 1 }], constant: 0 };
}

/**
 * Addresses of elements. The constant part goes into the instruction; the rest is a pointer that is computed where the last variable in it becomes known,
 * once for all accesses that differ by constants, and that a loop moves along with its count: engines do neither by themselves.
 */
export class Addresses {
  readonly #state: KernelState;
  readonly #baseOf: (buffer: Buffer) => Base;
  readonly #compute: (expr: Expr) => void;

  /** @param compute writes the code that leaves an i32 on the stack. */
  constructor(state: KernelState, baseOf: (buffer: Buffer) => Base, compute: (expr: Expr) => void) {
    this.#state = state;
    this.#baseOf = baseOf;
    this.#compute = compute;
  }

  /** Puts a pointer to an element on the stack. @param index of an element of a type of at least 8 bits. @returns the offset for the access. */
  point(buffer: Buffer, index: Expr): number {
    const bytes = bitsOfStorage(buffer.type) / 8;
    const { terms, constant } = sumOf(times(index, bytes));
    return this.#point(buffer, terms, constant);
  }

  /** As `point`, for the byte that a 4- or 2-bit element shares. */
  pointByte(buffer: Buffer, byte: Expr): number {
    const { terms, constant } = sumOf(byte);
    return this.#point(buffer, terms, constant);
  }

  #point(buffer: Buffer, terms: Terms, constant: number): number {
    const base = this.#baseOf(buffer);
    const parameter = 'parameter' in base ? base.parameter : undefined;
    const offset = constant + ('address' in base ? base.address : 0);
    // Pointer and offset are added without wrapping around: neither may be below zero.
    const varies = plus(...terms.map(({ of, factor }) => times(of, factor)));
    const inside = offset >= 0 && rangeOf(varies)[0] >= 0;
    this.#pointer(terms, inside ? 0 : offset, parameter);
    return inside ? offset : 0;
  }

  #pointer(terms: Terms, constant: number, parameter: number | undefined): void {
    const { scopes } = this.#state;
    if (terms.length === 0) {
      this.#start(this.#state.code, constant, parameter);
      return;
    }
    const slots = terms.map(({ of }) => scopes.slotOf(of));
    const deepest = slots.reduce((last, slot) => (last && slot && slot.depth >= last.depth ? slot : last && slot && last), scopes.root);
    const isInner = (place: number) => slots[place] === undefined || (deepest && slots[place] === deepest);
    const inner = terms.filter((_, place) => isInner(place));
    const outer = terms.filter((_, place) => !isInner(place));
    if (!deepest) {
      this.#pointer(outer, constant, parameter);
      this.#addTerms(inner);
      return;
    }
    const key = `pointer ${parameter ?? ''} ${keyOf(plus(constant, ...terms.map(({ of, factor }) => times(of, factor))))}`;
    const known = deepest.known.get(key);
    if (known !== undefined) {
      this.#state.code.get(known);
      return;
    }
    const pointer = this.#state.local('i32');
    deepest.known.set(key, pointer);
    const { loop } = deepest;
    const [{ of, factor }] = inner;
    if (loop && inner.length === 1 && of.kind === 'variable' && of.variable === loop.variable) {
      this.#state.within(loop.before, () => {
        this.#pointer(outer, constant, parameter);
        this.#addTerms(sumOf(times(loop.from, factor)).terms, sumOf(times(loop.from, factor)).constant);
        this.#state.code.set(pointer);
      });
      loop.after
        .get(pointer)
        .i32(factor * loop.step)
        .op('i32.add')
        .set(pointer);
    } else {
      this.#state.within(deepest.code, () => {
        this.#pointer(outer, constant, parameter);
        this.#addTerms(inner);
        this.#state.code.set(pointer);
      });
    }
    this.#state.code.get(pointer);
  }

  #start(code: Code, constant: number, parameter: number | undefined): void {
    if (parameter === undefined) code.i32(constant);
    else {
      code.get(parameter);
      if (constant !== 0) code.i32(constant).op('i32.add');
    }
  }

  /** Adds terms to what is on the stack. */
  #addTerms(terms: Terms, constant = 0): void {
    for (const { of, factor } of terms) {
      this.#compute(times(of, factor));
      this.#state.code.op('i32.add');
    }
    if (constant !== 0) {
      this.#compute(number(constant));
      this.#state.code.op('i32.add');
    }
  }
}
