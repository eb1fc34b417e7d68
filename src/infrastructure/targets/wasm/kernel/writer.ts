import {
  type AssignStatement,
  type Buffer,
  bitsOfStorage,
  bodiesOf,
  type DeclareStatement,
  type Expr,
  expressionsOf,
  type ForStatement,
  type IfStatement,
  number,
  numberOf,
  plus,
  range,
  rangeOf,
  read,
  type SetStatement,
  type Statement,
  type StoreStatement,
  statementsOf,
  times,
  type Variable,
  type WhileStatement,
  within,
} from '../../../codegen/index.js';
import { Code, type FunctionBody } from '../assembler/index.js';
import type { Base } from './addresses.js';
import type { Functions } from './functions.js';
import { LANES, laneOpcode, RegisterFile } from './registers.js';
import { substituted, unrolled } from './rewrite.js';
import { Scalars } from './scalars.js';
import type { Binding, LoopSlot } from './scopes.js';
import { KernelState } from './state.js';
import { fitsVector, stores, valueType } from './types.js';
import { isVectorizable } from './vectorizable.js';
import { Vectors } from './vectors.js';

/** What a kernel's function is written with. */
export interface WriterOptions {
  readonly functions: Functions;
  readonly baseOf: (buffer: Buffer) => Base;
  /** What two buffers share if they lie in the same place. */
  readonly placeOf: (buffer: Buffer) => unknown;
}

/** Statements that a loop may become when it is unrolled: wholly, or some rounds of it. */
const MOST_UNROLLED = 100;
const MOST_IN_ROUND = 64;

/** Writes a kernel's statements as instructions. */
export class KernelWriter {
  readonly #options: WriterOptions;
  readonly #state: KernelState;
  readonly #registers: RegisterFile;
  readonly #scalars: Scalars;
  readonly #vectors: Vectors;
  readonly #assigned = new Set<Variable>();

  constructor(body: FunctionBody, options: WriterOptions) {
    this.#options = options;
    this.#state = new KernelState(body);
    this.#registers = new RegisterFile(this.#state);
    this.#scalars = new Scalars(this.#state, this.#registers, options.functions, options.baseOf);
    this.#vectors = new Vectors(this.#state, this.#registers, this.#scalars, options.functions);
  }

  write(body: readonly Statement[]): void {
    for (const variable of assignedIn(body)) this.#assigned.add(variable);
    this.#block(body);
  }

  #block(body: readonly Statement[]): void {
    for (const statement of body) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'for':
        return this.#for(statement);
      case 'while':
        return this.#while(statement);
      case 'declare':
        return this.#declare(statement);
      case 'registers':
        return this.#registers.declare(statement.registers);
      case 'assign':
        return this.#assign(statement);
      case 'set':
        return this.#registers.set(statement.registers, numberOf(statement.index) ?? Number.NaN, () => this.#scalars.write(statement.value));
      case 'store':
        return this.#store(statement);
      case 'if':
        return this.#if(statement);
    }
  }

  /** What is set once is computed when it is asked for, but here. */
  #declare({ variable, value }: DeclareStatement): void {
    const { scopes, code } = this.#state;
    if (!this.#assigned.has(variable)) {
      scopes.bind(variable, { slot: scopes.slot(code), value });
      return;
    }
    const local = this.#state.local(valueType(variable.type));
    this.#scalars.write(value);
    code.set(local);
    scopes.bind(variable, { slot: scopes.slot(code), local });
  }

  #assign({ variable, value }: AssignStatement): void {
    const { local } = this.#state.scopes.binding(variable);
    this.#scalars.write(value);
    this.#state.code.set(local ?? Number.NaN);
    this.#renew([variable]);
  }

  /** What was computed of variables before does not hold from here on. */
  #renew(variables: Iterable<Variable>): void {
    const { scopes, code } = this.#state;
    for (const variable of variables) {
      const known = this.#known(variable);
      if (known) scopes.bind(variable, { ...known, slot: scopes.slot(code) });
    }
  }

  /** A variable that is declared already. */
  #known(variable: Variable): Binding | undefined {
    return this.#state.scopes.find(variable);
  }

  #store({ buffer, index, value }: StoreStatement): void {
    const offset = this.#scalars.addresses.point(buffer, index);
    this.#scalars.write(value);
    this.#state.code.access(stores[buffer.type], offset);
  }

  #if({ condition, yes, no }: IfStatement): void {
    const { code } = this.#state;
    const changed = [...assignedIn([...yes, ...(no ?? [])])].flatMap((variable) => {
      const binding = this.#known(variable);
      return binding ? [{ variable, binding }] : [];
    });
    this.#scalars.write(condition);
    code.open('if');
    this.#block(yes);
    if (no) {
      for (const { variable, binding } of changed) this.#state.scopes.bind(variable, binding);
      code.op('else');
      this.#block(no);
    }
    code.end();
    this.#renew(changed.map(({ variable }) => variable));
  }

  #while({ condition, body }: WhileStatement): void {
    const { code } = this.#state;
    const changed = assignedIn(body);
    code.open('block').open('loop');
    this.#renew(changed);
    this.#scalars.write(condition);
    code.op('i32.eqz').op('br_if', 1);
    this.#block(body);
    code.op('br', 0).end().end();
    this.#renew(changed);
  }

  #for(loop: ForStatement): void {
    const { variable, body } = loop;
    const rounds = roundsOf(loop);
    if (!rounds) return this.#loop(loop, 1);
    if (loop.vector) return this.#vectorLoop(variable, rounds, body);
    if (indexesRegisters(body, variable)) return this.#block(unrolled(body, variable, rounds));
    const { functions, placeOf } = this.#options;
    if (rounds.length >= LANES && loop.step === 1 && isVectorizable(body, variable, functions, placeOf)) return this.#block(inVectors(loop, rounds));
    const cost = costOf(body);
    if (rounds.length * cost <= MOST_UNROLLED) return this.#block(unrolled(body, variable, rounds));
    const factor = [4, 3, 2].find((each) => rounds.length % each === 0 && each * cost <= MOST_IN_ROUND);
    return this.#loop(loop, factor ?? 1);
  }

  /** @param factor rounds that are written one after the other: a divisor of the number of rounds. */
  #loop({ variable, from, to, step, body }: ForStatement, factor: number): void {
    const { code, scopes } = this.#state;
    const count = this.#state.local('i32');
    const changed = assignedIn(body);
    this.#scalars.write(from);
    code.set(count);
    const end = this.#once(to);
    const loop: LoopSlot = { variable, from, step: step * factor, before: new Code(), after: new Code() };
    const mayBeEmpty = !(rangeOf(from)[1] < rangeOf(to)[0]);
    if (mayBeEmpty) {
      this.#scalars.write(from);
      this.#scalars.write(end);
      code.op('i32.lt_s').open('if');
    }
    code.add(loop.before).open('loop');
    scopes.bind(variable, { slot: scopes.slot(code, loop), local: count });
    this.#renew(changed);
    for (let round = 0; round < factor; round++) {
      this.#block(round === 0 ? body : substituted(body, variable, plus(read(variable), round * step)));
    }
    code
      .add(loop.after)
      .get(count)
      .i32(step * factor)
      .op('i32.add')
      .tee(count);
    this.#scalars.write(end);
    code.op('i32.lt_s').op('br_if', 0).end();
    if (mayBeEmpty) code.end();
    this.#renew(changed);
  }

  /** An i32 that is computed here, once. */
  #once(value: Expr): Expr {
    if (value.kind === 'number' || (value.kind === 'variable' && !this.#assigned.has(value.variable))) return value;
    const variable: Variable = { id: -1 - this.#state.local('i32'), hint: 'end', type: 'i32' };
    const { scopes, code } = this.#state;
    scopes.bind(variable, { slot: scopes.slot(code), value });
    return read(variable);
  }

  /** Rounds of which four are one vector; those that are left, and all of them where some statement has no form for vectors, one by one. */
  #vectorLoop(variable: Variable, rounds: readonly number[], body: readonly Statement[]): void {
    const vectors = this.#isForVectors(body) ? Math.floor(rounds.length / LANES) : 0;
    for (let vector = 0; vector < vectors; vector++) {
      this.#vectors.rounds(variable, rounds[vector * LANES], () => {
        for (const statement of body) this.#vectorStatement(statement);
      });
    }
    this.#block(unrolled(body, variable, rounds.slice(vectors * LANES)));
  }

  #isForVectors(body: readonly Statement[]): boolean {
    return body.every((statement) => {
      if (statement.kind === 'declare') return fitsVector(statement.variable.type) && !this.#assigned.has(statement.variable);
      return (statement.kind === 'set' || statement.kind === 'store') && fitsVector(statement.value.type);
    });
  }

  #vectorStatement(statement: Statement): void {
    const { code, scopes } = this.#state;
    if (statement.kind === 'declare') {
      const { variable, value } = statement;
      if (!this.#vectors.varies(value)) return this.#declare(statement);
      const lanes = this.#state.local('v128');
      this.#vectors.write(value);
      code.set(lanes);
      scopes.bind(variable, { slot: scopes.slot(code), lanes });
    } else if (statement.kind === 'set') this.#vectorSet(statement);
    else if (statement.kind === 'store') this.#vectorStore(statement);
  }

  #vectorSet({ registers, index, value }: SetStatement): void {
    const from = this.#vectors.stepOf(index) === 1 ? numberOf(this.#vectors.inRound(index, 0)) : undefined;
    const local = from === undefined ? undefined : this.#registers.vector(registers, from);
    if (local !== undefined) {
      this.#vectors.write(value);
      this.#state.code.set(local);
      return;
    }
    this.#laneByLane(value, (lane, write) => {
      this.#registers.set(registers, numberOf(this.#vectors.inRound(index, lane)) ?? Number.NaN, write);
    });
  }

  #vectorStore({ buffer, index, value }: StoreStatement): void {
    const { code } = this.#state;
    const bits = bitsOfStorage(buffer.type);
    if (this.#vectors.stepOf(index) === 1 && bits <= 32) {
      const offset = this.#scalars.addresses.point(buffer, this.#vectors.inRound(index, 0));
      this.#vectors.write(value);
      if (bits === 32) code.access('v128.store', offset);
      else if (bits === 16) code.get(this.#zero()).shuffle(lowBytes(2)).access('v128.store64_lane', offset, 0);
      else code.get(this.#zero()).shuffle(lowBytes(1)).access('v128.store32_lane', offset, 0);
      return;
    }
    this.#laneByLane(value, (lane, write) => {
      const offset = this.#scalars.addresses.point(buffer, this.#vectors.inRound(index, lane));
      write();
      code.access(stores[buffer.type], offset);
    });
  }

  /** Computes four values at once and uses them one by one. */
  #laneByLane(value: Expr, use: (lane: number, write: () => void) => void): void {
    const lanes = this.#state.local('v128');
    this.#vectors.write(value);
    this.#state.code.set(lanes);
    for (let lane = 0; lane < LANES; lane++) use(lane, () => this.#state.code.get(lanes).op(laneOpcode('extract', value.type), lane));
  }

  #zeros: number | undefined;

  /** A local that nothing is written to. */
  #zero(): number {
    this.#zeros ??= this.#state.local('v128');
    return this.#zeros;
  }
}

/** The lowest bytes of each of four lanes, in the first places; bytes of the other operand behind them. */
function lowBytes(size: number): number[] {
  return Array.from({ length: 16 }, (_, place) => (place < LANES * size ? Math.floor(place / size) * LANES + (place % size) : 16));
}

function assignedIn(body: readonly Statement[]): Set<Variable> {
  const found = new Set<Variable>();
  for (const statement of statementsOf(body)) if (statement.kind === 'assign') found.add(statement.variable);
  return found;
}

/** The values that a loop's count takes; undefined where they are not known beforehand. */
function roundsOf({ from, to, step }: ForStatement): number[] | undefined {
  const [first, last] = [numberOf(from), numberOf(to)];
  if (first === undefined || last === undefined) return undefined;
  return Array.from({ length: Math.max(0, Math.ceil((last - first) / step)) }, (_, round) => first + round * step);
}

/** Whether registers are chosen by a variable: they are locals, so that it has to be a number. */
function indexesRegisters(body: readonly Statement[], variable: Variable): boolean {
  const isUsed = (index: Expr) => [...within(index)].some((part) => part.kind === 'variable' && part.variable === variable);
  for (const statement of statementsOf(body)) if (statement.kind === 'set' && isUsed(statement.index)) return true;
  for (const expr of expressionsOf(body)) if (expr.kind === 'register' && isUsed(expr.index)) return true;
  return false;
}

/** A loop as rounds of eight or four at once and a rest. */
function inVectors({ variable, body }: ForStatement, rounds: readonly number[]): Statement[] {
  const [first] = rounds;
  const lanes = rounds.length >= 4 * LANES ? 2 * LANES : LANES;
  const blocks = Math.floor(rounds.length / lanes);
  const block = (each: Expr): Statement[] =>
    range('lane', 0, lanes, (lane) => substituted(body, variable, plus(first, times(each, lanes), lane)), { vector: true });
  const left = rounds.slice(blocks * lanes);
  const vectors = left.length >= LANES ? range('lane', 0, left.length, (lane) => substituted(body, variable, plus(left[0], lane)), { vector: true }) : unrolled(body, variable, left);
  return [...(blocks === 1 ? block(number(0)) : range('vector', 0, blocks, block)), ...vectors];
}

/** About how many instructions statements become; infinitely many where a loop in them is not unrolled. */
function costOf(body: readonly Statement[]): number {
  let cost = 0;
  for (const statement of body) {
    if (statement.kind === 'while') return Number.POSITIVE_INFINITY;
    if (statement.kind === 'for') {
      const rounds = roundsOf(statement)?.length ?? Number.POSITIVE_INFINITY;
      cost += costOf(statement.body) * (statement.vector ? Math.floor(rounds / LANES) + (rounds % LANES) : rounds);
    } else cost += 1 + bodiesOf(statement).reduce((sum, inner) => sum + costOf(inner), 0);
  }
  return cost;
}
