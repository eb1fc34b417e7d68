import { type DotExpr, type Expr, keyOf, type LoadExpr, minus, numberOf } from '../../../codegen/index.js';
import type { Code } from '../assembler/index.js';
import type { Scalars } from './scalars.js';
import type { KernelState } from './state.js';

/** Writes products of pairs of numbers of 16 bits, which processors multiply and add at once: what integer kernels do. */
export class Pairs {
  readonly #state: KernelState;
  readonly #scalars: Scalars;
  /** The weights that were read last, and where: those of several rows are the same. */
  #recent: { readonly key: string; readonly code: Code; readonly local: number } | undefined;

  constructor(state: KernelState, scalars: Scalars) {
    this.#state = state;
    this.#scalars = scalars;
  }

  /** What was read may be other now, or not have been read. */
  forget(): void {
    this.#recent = undefined;
  }

  write({ x, buffer, index }: DotExpr): void {
    const { code } = this.#state;
    const key = `${buffer.name} ${keyOf(index)}`;
    const known = buffer.role === 'constant' && this.#recent?.key === key && this.#recent.code === code ? this.#recent.local : undefined;
    const local = known ?? this.#state.local('v128');
    if (known === undefined) {
      const offset = this.#scalars.addresses.point(buffer, index);
      code.access(buffer.type === 'i16' ? 'v128.load' : buffer.type === 'u8' ? 'v128.load8x8_u' : 'v128.load8x8_s', offset).set(local);
      this.#recent = { key, code, local };
    }
    code.get(local);
    this.#factors(x[0], x[1]);
    code.op('i32x4.dot_i16x8_s');
  }

  /** Two numbers, in turn in all lanes. */
  #factors(first: Expr, second: Expr): void {
    const { scopes } = this.#state;
    const slots = [scopes.slotOf(first), scopes.slotOf(second)];
    const slot = slots[0] && slots[1] && (slots[0].depth > slots[1].depth ? slots[0] : slots[1]);
    const local = this.#state.once(`pair ${keyOf(first)} ${keyOf(second)}`, slot, 'v128', () => {
      if (this.#neighbours(first, second)) return;
      this.#scalars.write(first);
      this.#state.code.i32(0xffff).op('i32.and');
      this.#scalars.write(second);
      this.#state.code.i32(16).op('i32.shl').op('i32.or').op('i32x4.splat');
    });
    this.#state.code.get(local);
  }

  /** Two numbers of 8 bits that lie beside each other, and to which the same is added, are read at once. @returns whether they are so. */
  #neighbours(first: Expr, second: Expr): boolean {
    const [a, b] = [this.#shifted(first), this.#shifted(second)];
    if (!a || !b || a.constant !== b.constant || a.load.buffer !== b.load.buffer) return false;
    const { type } = a.load.buffer;
    if (!/^[iu]8$/.test(type) || numberOf(minus(b.load.index, a.load.index)) !== 1) return false;
    const { code, scopes } = this.#state;
    const offset = this.#scalars.addresses.point(a.load.buffer, a.load.index);
    code.access('v128.load16_splat', offset).op(`i16x8.extend_low_i8x16_${type === 'u8' ? 'u' : 's'}`);
    if (a.constant === 0) return true;
    const added = this.#state.once(`halves ${a.constant}`, scopes.root, 'v128', () => this.#state.code.i32(a.constant).op('i16x8.splat'));
    code.get(added).op('i16x8.add');
    return true;
  }

  /** An element and a constant that is added to it. */
  #shifted(expr: Expr): { load: LoadExpr; constant: number } | undefined {
    const value = expr.kind === 'variable' ? this.#state.scopes.binding(expr.variable).value : expr;
    if (value?.kind === 'load') return { load: value, constant: 0 };
    if (value?.kind !== 'sum' || value.terms.length !== 1) return undefined;
    const [{ of, factor }] = value.terms;
    return of.kind === 'load' && factor === 1 ? { load: of, constant: value.constant } : undefined;
  }
}
