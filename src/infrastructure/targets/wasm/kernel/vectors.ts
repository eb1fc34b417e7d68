import {
  type BinaryExpr,
  bitsOfStorage,
  type CastExpr,
  type Expr,
  keyOf,
  type LoadExpr,
  number,
  numberOf,
  type RequantizeExpr,
  type SelectExpr,
  type UnaryExpr,
} from '../../../codegen/index.js';
import type { Opcode } from '../assembler/index.js';
import type { Functions } from './functions.js';
import type { Pairs } from './pairs.js';
import { LANES, laneOpcode, type RegisterFile } from './registers.js';
import type { Scalars } from './scalars.js';
import type { KernelState } from './state.js';
import { vectorOpcode } from './types.js';

/** Writes expressions of vectors as instructions that leave four lanes of 32 bits on the stack. Truth in a lane is 1, as it is for one number. */
export class Vectors {
  readonly #state: KernelState;
  readonly #registers: RegisterFile;
  readonly #scalars: Scalars;
  readonly #pairs: Pairs;
  readonly #functions: Functions;

  constructor(state: KernelState, registers: RegisterFile, scalars: Scalars, pairs: Pairs, functions: Functions) {
    this.#state = state;
    this.#registers = registers;
    this.#scalars = scalars;
    this.#pairs = pairs;
    this.#functions = functions;
  }

  write(expr: Expr): void {
    const { code } = this.#state;
    switch (expr.kind) {
      case 'splat':
        this.#splat(expr.of);
        break;
      case 'variable':
        code.get(this.#state.localOf(expr.variable, (value) => this.write(value)));
        break;
      case 'load':
        this.#load(expr);
        break;
      case 'register':
        code.get(this.#registers.vector(expr.registers, numberOf(expr.index) ?? Number.NaN));
        break;
      case 'binary':
        this.#binary(expr);
        break;
      case 'unary':
        this.#unary(expr);
        break;
      case 'select':
        this.#select(expr);
        break;
      case 'cast':
        this.#cast(expr);
        break;
      case 'dot':
        this.#pairs.write(expr);
        break;
      case 'requantize':
        this.#requantize(expr);
        break;
      case 'number':
      case 'sum':
        throw new Error('Numbers and sums of indices are no vectors');
    }
  }

  /** One value four times: once for all rounds of loops in which it is the same. */
  #splat(of: Expr): void {
    const { scopes, code } = this.#state;
    const slot = scopes.slotOf(of);
    code.get(this.#state.once(`splat ${of.type} ${keyOf(of)}`, slot, 'v128', () => this.#splatValue(of)));
  }

  #splatValue(of: Expr): void {
    const value = of.kind === 'variable' ? this.#state.scopes.binding(of.variable).value : of;
    // A number that is read only to be spread over the lanes is read by one instruction.
    if (value?.kind === 'load' && bitsOfStorage(value.buffer.type) === 32) {
      const offset = this.#scalars.addresses.point(value.buffer, value.index);
      this.#state.code.access('v128.load32_splat', offset);
      return;
    }
    this.#scalars.write(of);
    this.#state.code.op(of.type === 'f32' ? 'f32x4.splat' : 'i32x4.splat');
  }

  #load({ buffer, index }: LoadExpr): void {
    const { code } = this.#state;
    const bits = bitsOfStorage(buffer.type);
    const sign = buffer.type.startsWith('u') ? 'u' : 's';
    const offset = this.#scalars.addresses.point(buffer, index);
    if (bits === 32) code.access('v128.load', offset);
    else if (bits === 16) code.access(`v128.load16x4_${sign}`, offset);
    // Eight bytes are read at once; of those behind the fourth nothing is used.
    else code.access(`v128.load8x8_${sign}`, offset).op(`i32x4.extend_low_i16x8_${sign}`);
  }

  #binary(expr: BinaryExpr): void {
    const { op, left, right } = expr;
    const { code } = this.#state;
    const call = left.type === 'f32' ? this.#functions.vector(op) : undefined;
    if (comparisons.has(op)) {
      this.#mask(expr);
      code.op('i32x4.neg');
    } else if (left.type === 'f32' && (op === 'min' || op === 'max')) {
      // The standard's pseudo-minimum of b and a is what a < b ? a : b is.
      this.write(right);
      this.write(left);
      code.op(`f32x4.p${op}`);
    } else {
      this.write(left);
      if (op === 'shl' || op === 'shr') this.#scalars.write(right);
      else this.write(right);
      if (call !== undefined) code.op('call', call);
      else code.op(vectorOpcode(op, left.type) as Opcode);
    }
  }

  /** All bits of a lane where a condition holds, else none. */
  #mask(expr: Expr): void {
    const { code } = this.#state;
    if (expr.kind === 'binary' && comparisons.has(expr.op)) {
      this.write(expr.left);
      this.write(expr.right);
      code.op(vectorOpcode(expr.op, expr.left.type) as Opcode);
    } else if (expr.kind === 'unary' && expr.op === 'isnan') {
      const local = this.#state.local('v128');
      this.write(expr.of);
      code.tee(local).get(local).op('f32x4.ne');
    } else {
      const isNot = expr.kind === 'unary' && expr.op === 'not';
      const value = isNot ? expr.of : expr;
      this.write(value);
      this.#splat(number(0, value.type));
      code.op(`${value.type === 'f32' ? 'f32x4' : 'i32x4'}.${isNot ? 'eq' : 'ne'}`);
    }
  }

  #unary(expr: UnaryExpr): void {
    const { op, of } = expr;
    const { code } = this.#state;
    if (op === 'isnan' || op === 'not') {
      this.#mask(expr);
      code.op('i32x4.neg');
      return;
    }
    this.write(of);
    const call = of.type === 'f32' ? this.#functions.vector(op) : undefined;
    if (call !== undefined) code.op('call', call);
    else code.op(vectorOpcode(op === 'round' ? 'nearest' : op, of.type) as Opcode);
  }

  #select({ condition, yes, no }: SelectExpr): void {
    const { code } = this.#state;
    if (condition.kind === 'splat') {
      this.#scalars.write(condition.of);
      code.open('if', 'v128');
      this.write(yes);
      code.op('else');
      this.write(no);
      code.end();
      return;
    }
    this.write(yes);
    this.write(no);
    this.#mask(condition);
    code.op('v128.bitselect');
  }

  #cast({ type, of }: CastExpr): void {
    this.write(of);
    if (type === of.type) return;
    const sign = type === 'u32' || of.type === 'u32' ? 'u' : 's';
    if (type === 'f32') this.#state.code.op(`f32x4.convert_i32x4_${sign}`);
    else if (of.type === 'f32') this.#state.code.op(`i32x4.trunc_sat_f32x4_${sign}`);
  }

  /** Lane by lane: products have 64 bits. */
  #requantize({ of, multiplier, shift }: RequantizeExpr): void {
    const { code } = this.#state;
    const [values, multipliers] = [this.#state.local('v128'), this.#state.local('v128')];
    this.write(of);
    code.set(values);
    this.write(multiplier);
    code.set(multipliers);
    for (let lane = 0; lane < LANES; lane++) {
      const extract = (local: number) => () => code.get(local).op('i32x4.extract_lane', lane);
      this.#scalars.requantize(extract(values), extract(multipliers), shift);
      if (lane === 0) code.op('i32x4.splat');
      else code.op(laneOpcode('replace', 'i32'), lane);
    }
  }
}

const comparisons: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
