import {
  add,
  type BinaryExpr,
  type Buffer,
  bitsOfStorage,
  type CastExpr,
  type DotExpr,
  type Expr,
  load,
  mul,
  numberOf,
  over,
  plus,
  rest,
  type SelectExpr,
  type SumExpr,
  times,
  type UnaryExpr,
  type Variable,
  within,
} from '../../../codegen/index.js';
import { Addresses, type Base } from './addresses.js';
import type { Functions } from './functions.js';
import type { RegisterFile } from './registers.js';
import type { KernelState } from './state.js';
import { casts, isFloat, loads, scalarOpcode, valueType } from './types.js';

/** Writes expressions as instructions that leave one number on the stack. */
export class Scalars {
  readonly addresses: Addresses;
  readonly #state: KernelState;
  readonly #registers: RegisterFile;
  readonly #functions: Functions;

  constructor(state: KernelState, registers: RegisterFile, functions: Functions, baseOf: (buffer: Buffer) => Base) {
    this.#state = state;
    this.#registers = registers;
    this.#functions = functions;
    this.addresses = new Addresses(state, baseOf, (expr) => this.write(expr));
  }

  write(expr: Expr): void {
    switch (expr.kind) {
      case 'number':
        this.#number(expr.value, expr.type);
        return;
      case 'variable':
        this.#variable(expr.variable);
        return;
      case 'sum':
        this.#sum(expr);
        return;
      case 'load':
        this.#load(expr.buffer, expr.index);
        return;
      case 'register':
        this.#registers.get(expr.registers, numberOf(expr.index) ?? Number.NaN);
        return;
      case 'binary':
        this.#binary(expr);
        return;
      case 'unary':
        this.#unary(expr);
        return;
      case 'select':
        this.#select(expr);
        return;
      case 'cast':
        this.#cast(expr);
        return;
      case 'splat':
        this.write(expr.of);
        return;
      case 'dot':
        this.write(productsOf(expr));
        return;
      case 'requantize':
        this.requantize(
          () => this.write(expr.of),
          () => this.write(expr.multiplier),
          expr.shift,
        );
        return;
    }
  }

  #number(value: number | bigint, type: Expr['type']): void {
    const { code } = this.#state;
    if (type === 'f32') code.f32(Number(value));
    else if (type === 'f64') code.f64(Number(value));
    else if (type === 'i64' || type === 'u64') code.i64(BigInt(value));
    else code.i32(Number(value));
  }

  #variable(of: Variable): void {
    const local = this.#state.localOf(of, (value) => this.write(value));
    this.#state.code.get(local);
  }

  #sum({ terms, constant }: SumExpr): void {
    const { code } = this.#state;
    // What is added stands first: a sum does not begin with a sign where it need not.
    const sorted = [...terms].sort((a, b) => Number(a.factor < 0) - Number(b.factor < 0));
    sorted.forEach(({ of, factor }, place) => {
      if (place === 0 && factor < 0) code.i32(0);
      this.write(of);
      const size = Math.abs(factor);
      if (size !== 1) this.#timesConstant(size);
      if (place > 0 || factor < 0) code.op(factor < 0 ? 'i32.sub' : 'i32.add');
    });
    if (constant !== 0) code.i32(constant).op('i32.add');
  }

  #timesConstant(factor: number): void {
    const power = Math.log2(factor);
    if (Number.isInteger(power)) this.#state.code.i32(power).op('i32.shl');
    else this.#state.code.i32(factor).op('i32.mul');
  }

  #load(buffer: Buffer, index: Expr): void {
    const bits = bitsOfStorage(buffer.type);
    if (bits >= 8) {
      const offset = this.addresses.point(buffer, index);
      this.#state.code.access(loads[buffer.type], offset);
      return;
    }
    const each = 8 / bits;
    const { code } = this.#state;
    const offset = this.addresses.pointByte(buffer, over(index, each));
    code.access(loads[buffer.type], offset);
    this.write(times(rest(index, each), bits));
    code.op('i32.shr_u');
    if (buffer.type.startsWith('u')) code.i32(2 ** bits - 1).op('i32.and');
    else {
      code
        .i32(32 - bits)
        .op('i32.shl')
        .i32(32 - bits)
        .op('i32.shr_s');
    }
  }

  #binary({ op, left, right }: BinaryExpr): void {
    const { code } = this.#state;
    const { type } = left;
    const call = this.#functions.scalar(op, type);
    this.write(left);
    if (call === undefined && (op === 'min' || op === 'max')) {
      const [a, b] = [this.#state.local(valueType(type)), this.#state.local(valueType(type))];
      code.tee(a);
      this.write(right);
      code
        .tee(b)
        .get(a)
        .get(b)
        .op(scalarOpcode(op === 'min' ? 'lt' : 'gt', type))
        .op('select');
      return;
    }
    this.write(right);
    if (call !== undefined) code.op('call', call);
    else code.op(scalarOpcode(op, type));
  }

  #unary({ op, of }: UnaryExpr): void {
    const { code } = this.#state;
    const { type } = of;
    const isReal = isFloat(type);
    const local = () => this.#state.local(valueType(type));
    if (op === 'neg' && !isReal) {
      this.#number(0, type);
      this.write(of);
      code.op(scalarOpcode('sub', type));
      return;
    }
    this.write(of);
    const call = this.#functions.scalar(op, type);
    if (call !== undefined) code.op('call', call);
    else if (op === 'not' && isReal) {
      this.#number(0, type);
      code.op(scalarOpcode('eq', type));
    } else if (op === 'not') code.op(`${valueType(type)}.eqz` as 'i32.eqz');
    else if (op === 'isnan') {
      const a = local();
      code.tee(a).get(a).op(scalarOpcode('ne', type));
    } else if (isReal) code.op(scalarOpcode(op === 'round' ? 'nearest' : op, type));
    else if (op === 'abs' && !type.startsWith('u')) {
      const a = local();
      code.set(a);
      this.#number(0, type);
      code.get(a).op(scalarOpcode('sub', type)).get(a).get(a);
      this.#number(0, type);
      code.op(scalarOpcode('lt', type)).op('select');
    }
    // Integers are whole: rounding leaves them as they are.
  }

  #select({ condition, yes, no, type }: SelectExpr): void {
    const { code } = this.#state;
    if (isHarmless(yes) && isHarmless(no)) {
      this.write(yes);
      this.write(no);
      this.write(condition);
      code.op('select');
      return;
    }
    this.write(condition);
    code.open('if', valueType(type));
    this.write(yes);
    code.op('else');
    this.write(no);
    code.end();
  }

  /** A product of 64 bits, to which one less than a half is added, and one more where its whole part is odd: of two nearest, the even one is left. */
  requantize(value: () => void, multiplier: () => void, shift: number): void {
    const { code } = this.#state;
    const product = this.#state.local('i64');
    value();
    code.op('i64.extend_i32_s');
    multiplier();
    code.op('i64.extend_i32_s').op('i64.mul').tee(product);
    code.i64(2n ** BigInt(shift - 1) - 1n).op('i64.add');
    code.get(product).i64(BigInt(shift)).op('i64.shr_s').i64(1n).op('i64.and').op('i64.add');
    code.i64(BigInt(shift)).op('i64.shr_s').op('i32.wrap_i64');
  }

  #cast({ type, of }: CastExpr): void {
    this.write(of);
    for (const name of casts[type][of.type] ?? []) this.#state.code.op(name);
  }
}

/** A pair of products as two. */
function productsOf({ x, buffer, index }: DotExpr): Expr {
  return add(mul(x[0], load(buffer, index)), mul(x[1], load(buffer, plus(index, 1))));
}

/** Whether computing an expression that is not asked for neither fails nor takes long. */
export function isHarmless(expr: Expr): boolean {
  let count = 0;
  for (const part of within(expr)) {
    if (part.kind === 'load' || ++count > 8) return false;
    if (part.kind === 'binary' && (part.op === 'div' || part.op === 'mod' || part.op === 'pow')) return false;
    if (part.kind === 'unary' && slow.has(part.op)) return false;
  }
  return true;
}

const slow = new Set<UnaryExpr['op']>(['exp', 'log', 'erf', 'tanh', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan']);
