import { type Expr, number, replaceIn, type Statement, type Variable } from '../../../codegen/index.js';

/** Statements with a variable replaced. */
export function substituted(body: readonly Statement[], variable: Variable, value: Expr): Statement[] {
  return replaceIn(body, (part) => (part.kind === 'variable' && part.variable === variable ? value : undefined));
}

/** The rounds of a loop one after the other. */
export function unrolled(body: readonly Statement[], variable: Variable, rounds: readonly number[]): Statement[] {
  return rounds.flatMap((round) => substituted(body, variable, number(round)));
}
