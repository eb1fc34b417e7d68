import {
  type AssignStatement,
  type Buffer,
  bitsOfStorage,
  type DeclareStatement,
  type Expr,
  type ForStatement,
  type IfStatement,
  numberOf,
  plus,
  rangeOf,
  read,
  type SetStatement,
  type Statement,
  type StoreStatement,
  statementsOf,
  type Variable,
  vectorized,
  type WhileStatement,
} from '../../../codegen/index.js';
import { Code, type FunctionBody } from '../assembler/index.js';
import type { Base } from './addresses.js';
import type { Functions } from './functions.js';
import { formOf } from './loops.js';
import { Pairs } from './pairs.js';
import { LANES, RegisterFile } from './registers.js';
import { substituted } from './rewrite.js';
import { Scalars } from './scalars.js';
import type { Binding, LoopSlot } from './scopes.js';
import { KernelState } from './state.js';
import { stores, valueType } from './types.js';
import { vectorOptions, withVectorLoops } from './vectorizable.js';
import { Vectors } from './vectors.js';

/** What a kernel's function is written with. */
export interface WriterOptions {
  readonly functions: Functions;
  readonly baseOf: (buffer: Buffer) => Base;
  /** What two buffers share if they lie in the same place. */
  readonly placeOf: (buffer: Buffer) => unknown;
}

/** Writes a kernel's statements as instructions. */
export class KernelWriter {
  readonly #options: WriterOptions;
  readonly #state: KernelState;
  readonly #registers: RegisterFile;
  readonly #scalars: Scalars;
  readonly #pairs: Pairs;
  readonly #vectors: Vectors;
  readonly #assigned = new Set<Variable>();

  constructor(body: FunctionBody, options: WriterOptions) {
    this.#options = options;
    this.#state = new KernelState(body);
    this.#registers = new RegisterFile(this.#state);
    this.#scalars = new Scalars(this.#state, this.#registers, options.functions, options.baseOf);
    this.#pairs = new Pairs(this.#state, this.#scalars);
    this.#vectors = new Vectors(this.#state, this.#registers, this.#scalars, this.#pairs, options.functions);
  }

  write(body: readonly Statement[]): void {
    const { functions, placeOf } = this.#options;
    const options = vectorOptions(functions);
    const vectors = vectorized(withVectorLoops(body, options, placeOf), options);
    for (const variable of assignedIn(vectors)) this.#assigned.add(variable);
    this.#block(vectors);
  }

  #block(body: readonly Statement[]): void {
    for (const statement of body) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'for':
        this.#for(statement);
        return;
      case 'while':
        this.#while(statement);
        return;
      case 'declare':
        this.#declare(statement);
        return;
      case 'registers':
        this.#registers.declare(statement.registers);
        return;
      case 'assign':
        this.#assign(statement);
        return;
      case 'set':
        this.#set(statement);
        return;
      case 'store':
        this.#store(statement);
        return;
      case 'if':
        this.#if(statement);
        return;
    }
  }

  /** What is set once is computed when it is asked for, but here. */
  #declare({ variable, value }: DeclareStatement): void {
    const { scopes, code } = this.#state;
    this.#pairs.forget();
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
    this.#pairs.forget();
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

  #set({ registers, index, value }: SetStatement): void {
    const at = numberOf(index) ?? Number.NaN;
    if (isVector(value)) {
      this.#vectors.write(value);
      this.#state.code.set(this.#registers.vector(registers, at));
    } else this.#registers.set(registers, at, () => this.#scalars.write(value));
  }

  #store({ buffer, index, value }: StoreStatement): void {
    const { code } = this.#state;
    const offset = this.#scalars.addresses.point(buffer, index);
    if (!isVector(value)) {
      this.#scalars.write(value);
      code.access(stores[buffer.type], offset);
      return;
    }
    this.#vectors.write(value);
    const bits = bitsOfStorage(buffer.type);
    if (bits === 32) code.access('v128.store', offset);
    else
      code
        .get(this.#zero())
        .shuffle(lowBytes(bits / 8))
        .access(bits === 16 ? 'v128.store64_lane' : 'v128.store32_lane', offset, 0);
  }

  #zeros: number | undefined;

  /** A local that nothing is written to. */
  #zero(): number {
    this.#zeros ??= this.#state.local('v128');
    return this.#zeros;
  }

  #if({ condition, yes, no }: IfStatement): void {
    const { code } = this.#state;
    const changed = [...assignedIn([...yes, ...(no ?? [])])].flatMap((variable) => {
      const binding = this.#known(variable);
      return binding ? [{ variable, binding }] : [];
    });
    this.#scalars.write(condition);
    code.open('if');
    this.#pairs.forget();
    this.#block(yes);
    if (no) {
      for (const { variable, binding } of changed) this.#state.scopes.bind(variable, binding);
      code.op('else');
      this.#pairs.forget();
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
    const form = formOf(loop);
    if (form.kind === 'statements') this.#block(form.body);
    else this.#loop(loop, form.factor);
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
}

function assignedIn(body: readonly Statement[]): Set<Variable> {
  const found = new Set<Variable>();
  for (const statement of statementsOf(body)) if (statement.kind === 'assign') found.add(statement.variable);
  return found;
}

function isVector(expr: Expr): boolean {
  return 'lanes' in expr && expr.lanes !== undefined;
}

/** The lowest bytes of each of four lanes, in the first places; bytes of the other operand behind them. */
function lowBytes(size: number): number[] {
  return Array.from({ length: 16 }, (_, place) => (place < LANES * size ? Math.floor(place / size) * LANES + (place % size) : 16));
}
