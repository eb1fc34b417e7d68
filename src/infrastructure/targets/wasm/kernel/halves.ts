import { type Expr, keyOf, type LoadExpr, minus, numberOf } from '../../../codegen/index.js';
import type { Rounds } from './rounds.js';
import type { Scalars } from './scalars.js';
import type { KernelState } from './state.js';

/** Numbers of 16 bits, in which products are twice as wide as they are: what 8-bit kernels multiply. The lower four of eight lanes count. */
export class Halves {
  readonly #state: KernelState;
  readonly #scalars: Scalars;
  readonly #rounds: Rounds;

  constructor(state: KernelState, scalars: Scalars, rounds: Rounds) {
    this.#state = state;
    this.#scalars = scalars;
    this.#rounds = rounds;
  }

  /** Whether an expression can be written in 16 bits. */
  fits(expr: Expr): boolean {
    const [low, high] = this.#bounds(expr) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return low >= -(2 ** 15) && high < 2 ** 15 && (!this.#rounds.varies(expr) || this.#hasForm(expr));
  }

  /** @param expr that fits. */
  write(expr: Expr): void {
    const { code, scopes } = this.#state;
    if (!this.#rounds.varies(expr)) {
      this.#splat(expr);
      return;
    }
    if (expr.kind === 'variable') {
      const { slot, value, vector } = scopes.binding(expr.variable);
      if (!value || !vector) return;
      if (vector.half === undefined) {
        const local = this.#state.local('v128');
        vector.half = local;
        this.#state.within(slot.code, () => {
          this.write(value);
          this.#state.code.set(local);
        });
      }
      code.get(vector.half);
    } else if (expr.kind === 'load') this.#load(expr, this.#rounds.inRound(expr.index, 0));
    else if (expr.kind === 'sum') {
      const [{ of }] = expr.terms;
      this.write(of);
      this.#add(expr.constant);
    }
  }

  /**
   * Writes the sum of two products of a number that is the same in all rounds and a weight, where the weights of both lie beside each other.
   * @returns whether they do.
   */
  writePair(first: Expr, second: Expr): boolean {
    const [a, b] = [this.#factorsOf(first), this.#factorsOf(second)];
    if (!a || !b || a.weight.buffer !== b.weight.buffer || numberOf(minus(b.weight.index, a.weight.index)) !== 1) return false;
    const { code } = this.#state;
    this.#pairOfWeights(first, a.weight);
    this.#pairOfFactors(a.factor, b.factor);
    code.op('i32x4.dot_i16x8_s');
    return true;
  }

  /** A product of what is the same in all rounds and of 8-bit numbers of which the next round has the second next. */
  #factorsOf(expr: Expr): { factor: Expr; weight: LoadExpr } | undefined {
    if (expr.kind !== 'binary' || expr.op !== 'mul' || expr.type !== 'i32') return undefined;
    for (const [factor, of] of [
      [expr.left, expr.right],
      [expr.right, expr.left],
    ]) {
      const weight = this.#valueOf(of);
      const isWeight = weight.kind === 'load' && /^[iu]8$/.test(weight.buffer.type) && this.#rounds.stepOf(weight.index) === 2;
      if (isWeight && !this.#rounds.varies(factor) && this.fits(factor)) return { factor, weight };
    }
    return undefined;
  }

  /** Read once for all that is multiplied by them: where the first of them is named. */
  #pairOfWeights(product: Expr, weight: LoadExpr): void {
    const { code, scopes } = this.#state;
    const named = product.kind === 'binary' ? [product.left, product.right].find((part) => this.#valueOf(part) === weight) : undefined;
    if (named?.kind !== 'variable') {
      this.#load(weight, this.#rounds.inRound(weight.index, 0));
      return;
    }
    const { slot, vector } = scopes.binding(named.variable);
    if (!vector) return;
    if (vector.half === undefined) {
      const local = this.#state.local('v128');
      vector.half = local;
      this.#state.within(slot.code, () => {
        this.#load(weight, this.#rounds.inRound(weight.index, 0));
        this.#state.code.set(local);
      });
    }
    code.get(vector.half);
  }

  /** Two numbers, in turn in all lanes. */
  #pairOfFactors(first: Expr, second: Expr): void {
    const { code, scopes } = this.#state;
    const slots = [scopes.slotOf(first), scopes.slotOf(second)];
    const slot = slots[0] && slots[1] && (slots[0].depth > slots[1].depth ? slots[0] : slots[1]);
    const key = `pair ${keyOf(first)} ${keyOf(second)}`;
    const known = slot?.known.get(key);
    if (known !== undefined) {
      code.get(known);
      return;
    }
    const local = this.#state.local('v128');
    slot?.known.set(key, local);
    this.#state.within(slot?.code ?? code, () => {
      if (!this.#adjacentPair(first, second)) {
        this.#scalars.write(first);
        this.#state.code.i32(0xffff).op('i32.and');
        this.#scalars.write(second);
        this.#state.code.i32(16).op('i32.shl').op('i32.or').op('i32x4.splat');
      }
      this.#state.code.set(local);
    });
    code.get(local);
  }

  /** Two 8-bit numbers that lie beside each other, moved by the same constant, are read at once. @returns whether they are so. */
  #adjacentPair(first: Expr, second: Expr): boolean {
    const [a, b] = [shifted(this.#valueOf(first)), shifted(this.#valueOf(second))];
    if (!a || !b || a.constant !== b.constant || a.load.buffer !== b.load.buffer) return false;
    const { type } = a.load.buffer;
    if (!/^[iu]8$/.test(type) || numberOf(minus(b.load.index, a.load.index)) !== 1) return false;
    const offset = this.#scalars.addresses.point(a.load.buffer, a.load.index);
    this.#state.code.access('v128.load16_splat', offset).op(`i16x8.extend_low_i8x16_${type === 'u8' ? 'u' : 's'}`);
    this.#add(a.constant);
    return true;
  }

  #add(constant: number): void {
    if (constant === 0) return;
    this.#splat({ kind: 'number', type: 'i32', value: constant });
    this.#state.code.op('i16x8.add');
  }

  #splat(expr: Expr): void {
    const { code, scopes } = this.#state;
    const slot = scopes.slotOf(expr);
    const key = `half ${keyOf(expr)}`;
    const local = slot?.known.get(key) ?? this.#state.local('v128');
    if (!slot?.known.has(key)) {
      slot?.known.set(key, local);
      this.#state.within(slot?.code ?? code, () => {
        this.#scalars.write(expr);
        this.#state.code.op('i16x8.splat').set(local);
      });
    }
    code.get(local);
  }

  /** Eight bytes, widened. */
  #load({ buffer }: LoadExpr, index: Expr): void {
    const offset = this.#scalars.addresses.point(buffer, index);
    this.#state.code.access(buffer.type === 'u8' ? 'v128.load8x8_u' : 'v128.load8x8_s', offset);
  }

  /** Whether there are instructions for what differs from round to round. */
  #hasForm(expr: Expr): boolean {
    if (expr.kind === 'load') return /^[iu]8$/.test(expr.buffer.type) && this.#rounds.stepOf(expr.index) === 1;
    if (expr.kind === 'variable') {
      const value = this.#valueOf(expr);
      return value !== expr && this.#hasForm(value);
    }
    return expr.kind === 'sum' && expr.terms.length === 1 && expr.terms[0].factor === 1 && this.#hasForm(expr.terms[0].of);
  }

  /** Smallest and largest value, where known. */
  #bounds(expr: Expr): readonly [number, number] | undefined {
    if (expr.kind === 'number') return [Number(expr.value), Number(expr.value)];
    if (expr.kind === 'load') return bytes[expr.buffer.type];
    if (expr.kind === 'variable') {
      const value = this.#valueOf(expr);
      return value === expr ? undefined : this.#bounds(value);
    }
    if (expr.kind !== 'sum' || expr.terms.length !== 1 || expr.terms[0].factor !== 1) return undefined;
    const bounds = this.#bounds(expr.terms[0].of);
    return bounds && [bounds[0] + expr.constant, bounds[1] + expr.constant];
  }

  /** What a variable stands for, where it is set once. */
  #valueOf(expr: Expr): Expr {
    return expr.kind === 'variable' ? (this.#state.scopes.find(expr.variable)?.value ?? expr) : expr;
  }
}

const bytes: Readonly<Record<string, readonly [number, number]>> = { i8: [-128, 127], u8: [0, 255] };

/** An element and a constant that is added to it. */
function shifted(expr: Expr): { load: LoadExpr; constant: number } | undefined {
  if (expr.kind === 'load') return { load: expr, constant: 0 };
  if (expr.kind !== 'sum' || expr.terms.length !== 1 || expr.terms[0].factor !== 1 || expr.terms[0].of.kind !== 'load') return undefined;
  return { load: expr.terms[0].of, constant: expr.constant };
}
