import { type Expr, number, replaceWithin, type Variable, within } from '../../../codegen/index.js';
import { sumOf } from './addresses.js';
import type { Scopes } from './scopes.js';

/** The four rounds of a vector loop that are being written. */
export class Rounds {
  readonly #scopes: Scopes;
  #variable: Variable | undefined;
  #at = 0;

  constructor(scopes: Scopes) {
    this.#scopes = scopes;
  }

  /** The count of the loop. */
  get variable(): Variable | undefined {
    return this.#variable;
  }

  /** Its value in the first of the rounds. */
  get first(): number {
    return this.#at;
  }

  /** Writes four rounds of a loop. @param at value of the loop's count in the first of them. */
  of(variable: Variable, at: number, write: () => void): void {
    const before = [this.#variable, this.#at] as const;
    [this.#variable, this.#at] = [variable, at];
    write();
    [this.#variable, this.#at] = before;
  }

  /** Whether the four rounds may have different values of an expression. */
  varies(expr: Expr): boolean {
    for (const part of within(expr)) if (part.kind === 'variable' && this.#isOfLane(part.variable)) return true;
    return false;
  }

  #isOfLane(variable: Variable): boolean {
    return variable === this.#variable || this.#scopes.find(variable)?.vector !== undefined;
  }

  /** An expression as it is in one of the rounds. */
  inRound(expr: Expr, round: number): Expr {
    const value = number(this.#at + round);
    return replaceWithin(expr, (part) => (part.kind === 'variable' && part.variable === this.#variable ? value : undefined));
  }

  /** How far an index moves from round to round; undefined where that is not even. */
  stepOf(index: Expr): number | undefined {
    let step = 0;
    for (const { of, factor } of sumOf(index).terms) {
      if (of.kind === 'variable' && of.variable === this.#variable) step += factor;
      else if (this.varies(of)) return undefined;
    }
    return step;
  }
}
