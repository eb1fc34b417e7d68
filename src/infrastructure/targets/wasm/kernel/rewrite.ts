import { type Expr, number, replaceWithin, type Statement, type Variable } from '../../../codegen/index.js';

/** Statements with a variable replaced. */
export function substituted(body: readonly Statement[], variable: Variable, value: Expr): Statement[] {
  const inExpr = (expr: Expr) =>
    replaceWithin(expr, (part) => (part.kind === 'variable' && part.variable === variable ? value : undefined));
  const inBody = (statements: readonly Statement[]) => statements.map(inStatement);
  const inStatement = (statement: Statement): Statement => {
    switch (statement.kind) {
      case 'for':
        return { ...statement, from: inExpr(statement.from), to: inExpr(statement.to), body: inBody(statement.body) };
      case 'while':
        return { ...statement, condition: inExpr(statement.condition), body: inBody(statement.body) };
      case 'declare':
      case 'assign':
        return { ...statement, value: inExpr(statement.value) };
      case 'registers':
        return statement;
      case 'set':
      case 'store':
        return { ...statement, index: inExpr(statement.index), value: inExpr(statement.value) };
      case 'if':
        return {
          ...statement,
          condition: inExpr(statement.condition),
          yes: inBody(statement.yes),
          ...(statement.no && { no: inBody(statement.no) }),
        };
    }
  };
  return inBody(body);
}

/** The rounds of a loop one after the other. */
export function unrolled(body: readonly Statement[], variable: Variable, rounds: readonly number[]): Statement[] {
  return rounds.flatMap((round) => substituted(body, variable, number(round)));
}
