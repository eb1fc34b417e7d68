import { type Buffer, bitsOfStorage, type Expr, keyOf, plus, rangeOf, type SumExpr, times } from '../../../codegen/index.js';
import type { KernelState } from './state.js';

type Terms = SumExpr['terms'];

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
  readonly #addressOf: (buffer: Buffer) => number;
  readonly #compute: (expr: Expr) => void;

  /** @param compute writes the code that leaves an i32 on the stack. */
  constructor(state: KernelState, addressOf: (buffer: Buffer) => number, compute: (expr: Expr) => void) {
    this.#state = state;
    this.#addressOf = addressOf;
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
    const offset = constant + this.#addressOf(buffer);
    // Pointer and offset are added without wrapping around: neither may be below zero.
    const varies = plus(...terms.map(({ of, factor }) => times(of, factor)));
    const inside = offset >= 0 && rangeOf(varies)[0] >= 0;
    this.#pointer(terms, inside ? 0 : offset);
    return inside ? offset : 0;
  }

  #pointer(terms: Terms, constant: number): void {
    const { scopes } = this.#state;
    if (terms.length === 0) {
      this.#state.code.i32(constant);
      return;
    }
    const slots = terms.map(({ of }) => scopes.slotOf(of));
    const deepest = slots.reduce((last, slot) => (last && slot && slot.depth >= last.depth ? slot : last && slot && last), scopes.root);
    const isInner = (place: number) => slots[place] === undefined || (deepest && slots[place] === deepest);
    const inner = terms.filter((_, place) => isInner(place));
    const outer = terms.filter((_, place) => !isInner(place));
    if (!deepest) {
      this.#sum(outer, constant, inner);
      return;
    }
    const key = `pointer ${keyOf(plus(constant, ...terms.map(({ of, factor }) => times(of, factor))))}`;
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
        const from = sumOf(times(loop.from, factor));
        this.#sum(outer, constant + from.constant, from.terms);
        this.#state.code.set(pointer);
      });
      loop.after
        .get(pointer)
        .i32(factor * loop.step)
        .op('i32.add')
        .set(pointer);
    } else {
      this.#state.within(deepest.code, () => {
        this.#sum(outer, constant, inner);
        this.#state.code.set(pointer);
      });
    }
    this.#state.code.get(pointer);
  }

  /** Puts a pointer and terms that are added to it on the stack. */
  #sum(outer: Terms, constant: number, inner: Terms): void {
    let isFirst = outer.length === 0 && constant === 0 && inner.length > 0;
    if (!isFirst) this.#pointer(outer, constant);
    for (const { of, factor } of inner) {
      this.#compute(times(of, factor));
      if (!isFirst) this.#state.code.op('i32.add');
      isFirst = false;
    }
  }
}
