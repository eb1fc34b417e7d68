import { FunctionBody, type Opcode, type ValueType } from '../assembler/index.js';

/** A value of a function that is written once for one number and for four: puts it on the stack. */
export type Node = () => void;

/** Writes a function of one 32-bit float, or the same function of four. */
export class Lanes {
  readonly body: FunctionBody;
  /** The parameter. */
  readonly x: Node;
  readonly #wide: boolean;

  constructor(wide: boolean) {
    const type: ValueType = wide ? 'v128' : 'f32';
    this.#wide = wide;
    this.body = new FunctionBody([type], [type]);
    this.x = () => this.body.code.get(0);
  }

  float(value: number): Node {
    return () => {
      this.body.code.f32(value);
      if (this.#wide) this.body.code.op('f32x4.splat');
    };
  }

  /** Names a value: it is computed once. @param type of its bits. */
  name(value: Node, type: 'f32' | 'i32' = 'f32'): Node {
    const local = this.body.local(this.#wide ? 'v128' : type);
    value();
    this.body.code.set(local);
    return () => this.body.code.get(local);
  }

  #f(operation: string, ...operands: readonly Node[]): Node {
    return this.#op(`${this.#wide ? 'f32x4' : 'f32'}.${operation}`, operands);
  }

  #op(name: string, operands: readonly Node[]): Node {
    return () => {
      for (const operand of operands) operand();
      this.body.code.op(name as Opcode);
    };
  }

  readonly add = (a: Node, b: Node) => this.#f('add', a, b);
  readonly sub = (a: Node, b: Node) => this.#f('sub', a, b);
  readonly mul = (a: Node, b: Node) => this.#f('mul', a, b);
  readonly div = (a: Node, b: Node) => this.#f('div', a, b);
  /** The smaller and the larger; not a number where one is none. */
  readonly min = (a: Node, b: Node) => this.#f('min', a, b);
  readonly max = (a: Node, b: Node) => this.#f('max', a, b);
  readonly abs = (a: Node) => this.#f('abs', a);
  readonly nearest = (a: Node) => this.#f('nearest', a);
  /** Truth, for `select`. */
  readonly lt = (a: Node, b: Node) => this.#f('lt', a, b);

  select(condition: Node, yes: Node, no: Node): Node {
    return this.#op(this.#wide ? 'v128.bitselect' : 'select', [yes, no, condition]);
  }

  /** The magnitude of one number with the sign of another. */
  withSign(magnitude: Node, sign: Node): Node {
    if (!this.#wide) return this.#f('copysign', magnitude, sign);
    return this.#op('v128.bitselect', [magnitude, sign, this.integer(0x7fffffff)]);
  }

  // ---- bits and integers -------------------------------------------------------------------------------------------------------------

  integer(value: number): Node {
    return () => {
      this.body.code.i32(value);
      if (this.#wide) this.body.code.op('i32x4.splat');
    };
  }

  bits(a: Node): Node {
    return this.#wide ? a : this.#op('i32.reinterpret_f32', [a]);
  }

  fromBits(a: Node): Node {
    return this.#wide ? a : this.#op('f32.reinterpret_i32', [a]);
  }

  /** A float that is whole, as an integer. */
  toInteger(a: Node): Node {
    return this.#op(this.#wide ? 'i32x4.trunc_sat_f32x4_s' : 'i32.trunc_sat_f32_s', [a]);
  }

  toFloat(a: Node): Node {
    return this.#op(this.#wide ? 'f32x4.convert_i32x4_s' : 'f32.convert_i32_s', [a]);
  }

  readonly addIntegers = (a: Node, b: Node) => this.#op(this.#wide ? 'i32x4.add' : 'i32.add', [a, b]);
  readonly subIntegers = (a: Node, b: Node) => this.#op(this.#wide ? 'i32x4.sub' : 'i32.sub', [a, b]);
  readonly and = (a: Node, b: Node) => this.#op(this.#wide ? 'v128.and' : 'i32.and', [a, b]);
  readonly or = (a: Node, b: Node) => this.#op(this.#wide ? 'v128.or' : 'i32.or', [a, b]);

  /** Shifts by a constant; to the right with the sign. */
  shift(a: Node, left: number): Node {
    return () => {
      a();
      this.body.code.i32(Math.abs(left)).op(`${this.#wide ? 'i32x4' : 'i32'}.${left > 0 ? 'shl' : 'shr_s'}` as Opcode);
    };
  }

  /** c0 + x · (c1 + x · (c2 + …)). */
  polynomial(x: Node, coefficients: readonly number[]): Node {
    const [first, ...rest] = coefficients;
    return rest.length === 0 ? this.float(first) : this.add(this.float(first), this.mul(x, this.polynomial(x, rest)));
  }
}
