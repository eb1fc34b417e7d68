import {
  bitsOfStorage,
  type Expr,
  type ForStatement,
  numberOf,
  type SetStatement,
  type Statement,
  type StoreStatement,
  type Variable,
} from '../../../codegen/index.js';
import { LANES, laneOpcode, type RegisterFile } from './registers.js';
import { unrolled } from './rewrite.js';
import type { Scalars } from './scalars.js';
import type { KernelState } from './state.js';
import { fitsVector, stores } from './types.js';
import type { Vectors } from './vectors.js';

/** What vector loops are written with. */
export interface VectorLoopParts {
  readonly state: KernelState;
  readonly registers: RegisterFile;
  readonly scalars: Scalars;
  readonly vectors: Vectors;
  /** Writes a statement that is the same for all rounds, or of one round. */
  readonly writeOne: (statement: Statement) => void;
  /** Whether a variable changes after it is declared. */
  readonly isAssigned: (variable: Variable) => boolean;
}

/** Writes vector loops. */
export class VectorLoops {
  readonly #state: KernelState;
  readonly #registers: RegisterFile;
  readonly #scalars: Scalars;
  readonly #vectors: Vectors;
  readonly #writeOne: (statement: Statement) => void;
  readonly #isAssigned: (variable: Variable) => boolean;

  constructor({ state, registers, scalars, vectors, writeOne, isAssigned }: VectorLoopParts) {
    this.#state = state;
    this.#registers = registers;
    this.#scalars = scalars;
    this.#vectors = vectors;
    this.#writeOne = writeOne;
    this.#isAssigned = isAssigned;
  }

  /** Four rounds at once; those that are left, and all of them where some statement has no form for vectors, one by one. */
  write({ variable, body }: ForStatement, rounds: readonly number[]): void {
    const vectors = this.#isForVectors(body) ? Math.floor(rounds.length / LANES) : 0;
    for (let vector = 0; vector < vectors; vector++) {
      this.#vectors.rounds.of(variable, rounds[vector * LANES], () => {
        for (const statement of body) this.#statement(statement);
      });
    }
    for (const statement of unrolled(body, variable, rounds.slice(vectors * LANES))) this.#writeOne(statement);
  }

  #isForVectors(body: readonly Statement[]): boolean {
    return body.every((statement) => {
      if (statement.kind === 'declare') return fitsVector(statement.variable.type) && !this.#isAssigned(statement.variable);
      return (statement.kind === 'set' || statement.kind === 'store') && fitsVector(statement.value.type);
    });
  }

  #statement(statement: Statement): void {
    const { code, scopes } = this.#state;
    if (statement.kind === 'declare') {
      const { variable, value } = statement;
      if (!this.#vectors.rounds.varies(value)) {
        this.#writeOne(statement);
        return;
      }
      scopes.bind(variable, { slot: scopes.slot(code), value, vector: {} });
    } else if (statement.kind === 'set') this.#set(statement);
    else if (statement.kind === 'store') this.#store(statement);
  }

  #set({ registers, index, value }: SetStatement): void {
    const from = this.#vectors.rounds.stepOf(index) === 1 ? numberOf(this.#vectors.rounds.inRound(index, 0)) : undefined;
    const local = from === undefined ? undefined : this.#registers.vector(registers, from);
    if (local !== undefined) {
      this.#vectors.write(value);
      this.#state.code.set(local);
      return;
    }
    this.#laneByLane(value, (lane, write) => {
      this.#registers.set(registers, numberOf(this.#vectors.rounds.inRound(index, lane)) ?? Number.NaN, write);
    });
  }

  #store({ buffer, index, value }: StoreStatement): void {
    const { code } = this.#state;
    const bits = bitsOfStorage(buffer.type);
    if (this.#vectors.rounds.stepOf(index) === 1 && bits <= 32) {
      const offset = this.#scalars.addresses.point(buffer, this.#vectors.rounds.inRound(index, 0));
      this.#vectors.write(value);
      if (bits === 32) code.access('v128.store', offset);
      else if (bits === 16) code.get(this.#zero()).shuffle(lowBytes(2)).access('v128.store64_lane', offset, 0);
      else code.get(this.#zero()).shuffle(lowBytes(1)).access('v128.store32_lane', offset, 0);
      return;
    }
    this.#laneByLane(value, (lane, write) => {
      const offset = this.#scalars.addresses.point(buffer, this.#vectors.rounds.inRound(index, lane));
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
