import {
  type BinaryExpr,
  type Buffer,
  bitsOfStorage,
  type CastExpr,
  type Expr,
  keyOf,
  number,
  numberOf,
  plus,
  rangeOf,
  type SelectExpr,
  type SumExpr,
  times,
  type UnaryExpr,
  type Variable,
  within,
} from '../../../codegen/index.js';
import { isOpcode, type Opcode } from '../assembler/index.js';
import type { Functions } from './functions.js';
import { Halves } from './halves.js';
import { LANES, laneOpcode, type RegisterFile } from './registers.js';
import { Rounds } from './rounds.js';
import type { Scalars } from './scalars.js';
import type { KernelState } from './state.js';
import { fitsVector, vectorOpcode } from './types.js';

/** Writes expressions of a vector loop as instructions that leave the values of four rounds on the stack. */
export class Vectors {
  readonly #state: KernelState;
  readonly #registers: RegisterFile;
  readonly #scalars: Scalars;
  readonly #functions: Functions;
  readonly rounds: Rounds;
  readonly #halves: Halves;

  constructor(state: KernelState, registers: RegisterFile, scalars: Scalars, functions: Functions) {
    this.#state = state;
    this.#registers = registers;
    this.#scalars = scalars;
    this.#functions = functions;
    this.rounds = new Rounds(state.scopes);
    this.#halves = new Halves(state, scalars, this.rounds);
  }

  /** @param expr of a type of which four are a vector. */
  write(expr: Expr): void {
    if (!this.rounds.varies(expr)) {
      this.#splat(expr);
      return;
    }
    switch (expr.kind) {
      case 'variable':
        this.#variableOf(expr.variable);
        return;
      case 'sum':
        this.#sum(expr);
        return;
      case 'load':
        this.#load(expr, expr.buffer, expr.index);
        return;
      case 'register': {
        const from = this.rounds.stepOf(expr.index) === 1 ? numberOf(this.rounds.inRound(expr.index, 0)) : undefined;
        const local = from === undefined ? undefined : this.#registers.vector(expr.registers, from);
        if (local === undefined) {
          this.#oneByOne(expr);
          return;
        }
        this.#state.code.get(local);
        return;
      }
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
      case 'number':
        return;
    }
  }

  /** Writes each of the four values alone. */
  #oneByOne(expr: Expr): void {
    for (let lane = 0; lane < LANES; lane++) {
      this.#scalars.writeLane(lane, () => this.#scalars.write(this.rounds.inRound(expr, lane)));
      if (lane === 0) this.#state.code.op(splatOpcode(expr));
      else this.#state.code.op(laneOpcode('replace', expr.type), lane);
    }
  }

  /** One value four times: once for all rounds of loops in which it is the same. */
  #splat(expr: Expr): void {
    const { scopes, code } = this.#state;
    const slot = scopes.slotOf(expr);
    if (!slot) {
      this.#scalars.write(expr);
      code.op(splatOpcode(expr));
      return;
    }
    const key = `splat ${expr.type} ${keyOf(expr)}`;
    const local = slot.known.get(key) ?? this.#state.local('v128');
    if (!slot.known.has(key)) {
      slot.known.set(key, local);
      this.#state.within(slot.code, () => {
        this.#splatValue(expr);
        this.#state.code.set(local);
      });
    }
    code.get(local);
  }

  #splatValue(expr: Expr): void {
    const value = expr.kind === 'variable' ? this.#state.scopes.binding(expr.variable).value : undefined;
    // A number that is read only to be spread over the lanes is read by one instruction.
    if (value?.kind === 'load' && bitsOfStorage(value.buffer.type) === 32) {
      const offset = this.#scalars.addresses.point(value.buffer, value.index);
      this.#state.code.access('v128.load32_splat', offset);
      return;
    }
    this.#scalars.write(expr);
    this.#state.code.op(splatOpcode(expr));
  }

  #variableOf(variable: Variable): void {
    const { code, scopes } = this.#state;
    const { first } = this.rounds;
    if (variable === this.rounds.variable) {
      code.i32x4([first, first + 1, first + 2, first + 3]);
      return;
    }
    const { slot, value, vector } = scopes.binding(variable);
    if (!value || !vector) throw new Error(`The variable "${variable.hint}" has no value in a vector loop`);
    if (vector.whole === undefined) {
      const local = this.#state.local('v128');
      vector.whole = local;
      this.#state.within(slot.code, () => {
        this.write(value);
        this.#state.code.set(local);
      });
    }
    code.get(vector.whole);
  }

  #sum({ terms, constant }: SumExpr): void {
    const { code } = this.#state;
    const same = plus(constant, ...terms.filter(({ of }) => !this.rounds.varies(of)).map(({ of, factor }) => times(of, factor)));
    const varying = terms.filter(({ of }) => this.rounds.varies(of)).sort((a, b) => Number(a.factor < 0) - Number(b.factor < 0));
    let isFirst = true;
    for (let place = 0; place < varying.length; place++) {
      const [{ of, factor }, next] = [varying[place], varying[place + 1]];
      const takes = !isFirst && factor < 0;
      const multiple = takes ? -factor : factor;
      if (factor === 1 && next?.factor === 1 && this.#halves.writePair(of, next.of)) place++;
      else this.write(of);
      if (multiple !== 1) {
        this.#splat(number(multiple));
        code.op('i32x4.mul');
      }
      if (!isFirst) code.op(takes ? 'i32x4.sub' : 'i32x4.add');
      isFirst = false;
    }
    if (numberOf(same) === 0) return;
    this.#splat(same);
    code.op('i32x4.add');
  }

  #load(expr: Expr, buffer: Buffer, index: Expr): void {
    const { code } = this.#state;
    const bits = bitsOfStorage(buffer.type);
    if (this.rounds.stepOf(index) !== 1 || bits > 32 || bits < 8) {
      this.#oneByOne(expr);
      return;
    }
    const offset = this.#scalars.addresses.point(buffer, this.rounds.inRound(index, 0));
    const sign = buffer.type.startsWith('u') ? 'u' : 's';
    if (bits === 32) code.access('v128.load', offset);
    else if (bits === 16) code.access(`v128.load16x4_${sign}`, offset);
    else {
      // Eight bytes are read at once; of those behind the fourth nothing is used.
      code.access(`v128.load8x8_${sign}`, offset).op(`i32x4.extend_low_i16x8_${sign}`);
    }
  }

  #binary(expr: BinaryExpr): void {
    const { op, left, right } = expr;
    const { code } = this.#state;
    const { type } = left;
    const call = type === 'f32' ? this.#functions.vector(op) : undefined;
    const name = vectorOpcode(op, type);
    const shifts = op === 'shl' || op === 'shr';
    if (!fitsVector(type) || (shifts && this.rounds.varies(right))) {
      this.#oneByOne(expr);
      return;
    }
    if (comparisons.has(op)) {
      this.#mask(expr);
      code.op('i32x4.neg');
    } else if (call !== undefined) {
      this.write(left);
      this.write(right);
      code.op('call', call);
    } else if (type === 'f32' && (op === 'min' || op === 'max')) {
      // The standard's pseudo-minimum of b and a is what a < b ? a : b is.
      this.write(right);
      this.write(left);
      code.op(`f32x4.p${op}`);
    } else if (isOpcode(name)) {
      this.write(left);
      if (shifts) this.#scalars.write(right);
      else this.write(right);
      code.op(name);
    } else this.#oneByOne(expr);
  }

  /** All bits of a lane where a condition holds, else none. */
  #mask(expr: Expr): void {
    const { code } = this.#state;
    if (expr.kind === 'binary' && comparisons.has(expr.op) && fitsVector(expr.left.type)) {
      this.write(expr.left);
      this.write(expr.right);
      code.op(vectorOpcode(expr.op, expr.left.type) as Opcode);
    } else if (expr.kind === 'unary' && expr.op === 'isnan' && expr.of.type === 'f32') {
      const local = this.#state.local('v128');
      this.write(expr.of);
      code.tee(local).get(local).op('f32x4.ne');
    } else if (expr.kind === 'unary' && expr.op === 'not' && expr.of.type === 'i32') {
      this.#mask(expr.of);
      code.op('v128.not');
    } else {
      this.write(expr);
      this.#splat(number(0, expr.type));
      code.op('i32x4.ne');
    }
  }

  #unary(expr: UnaryExpr): void {
    const { op, of } = expr;
    const { code } = this.#state;
    const { type } = of;
    const call = type === 'f32' ? this.#functions.vector(op) : undefined;
    const name = vectorOpcode(op === 'round' ? 'nearest' : op, type);
    if (!fitsVector(type)) this.#oneByOne(expr);
    else if (op === 'isnan' || (op === 'not' && type === 'i32')) {
      this.#mask(expr);
      code.op('i32x4.neg');
    } else if (call !== undefined || (isOpcode(name) && !(type === 'u32' && op === 'abs'))) {
      this.write(of);
      if (call !== undefined) code.op('call', call);
      else code.op(name as Opcode);
    } else this.#oneByOne(expr);
  }

  #select(expr: SelectExpr): void {
    const { condition, yes, no } = expr;
    const { code } = this.#state;
    if (!fitsVector(condition.type)) {
      this.#oneByOne(expr);
      return;
    }
    if (!this.rounds.varies(condition)) {
      this.#scalars.write(condition);
      code.open('if', 'v128');
      this.write(yes);
      code.op('else');
      this.write(no);
      code.end();
    } else if (readsInside(yes) && readsInside(no)) {
      this.write(yes);
      this.write(no);
      this.#mask(condition);
      code.op('v128.bitselect');
    } else this.#oneByOne(expr);
  }

  #cast(expr: CastExpr): void {
    const { type, of } = expr;
    if (!fitsVector(of.type)) {
      this.#oneByOne(expr);
      return;
    }
    this.write(of);
    if (type === of.type) return;
    const sign = type === 'u32' || of.type === 'u32' ? 'u' : 's';
    if (type === 'f32') this.#state.code.op(`f32x4.convert_i32x4_${sign}`);
    else if (of.type === 'f32') this.#state.code.op(`i32x4.trunc_sat_f32x4_${sign}`);
  }
}

const comparisons: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

function splatOpcode({ type }: Expr): Opcode {
  return type === 'f32' ? 'f32x4.splat' : 'i32x4.splat';
}

/** Whether all that an expression reads lies inside of its buffer, so that it may be computed where it is not asked for. */
function readsInside(expr: Expr): boolean {
  for (const part of within(expr)) {
    if (part.kind === 'binary' && (part.op === 'div' || part.op === 'mod') && part.type !== 'f32') return false;
    if (part.kind !== 'load') continue;
    const [low, high] = rangeOf(part.index);
    if (low < 0 || high >= part.buffer.size) return false;
  }
  return true;
}
