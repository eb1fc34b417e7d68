import { plus, times } from './build.js';
import type { Buffer, Expr, Statement } from './types.js';

/** The expressions that an expression is made of. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'variable':
      return [];
    case 'sum':
      return expr.terms.map(({ of }) => of);
    case 'load':
    case 'register':
      return [expr.index];
    case 'binary':
      return [expr.left, expr.right];
    case 'unary':
    case 'cast':
    case 'splat':
      return [expr.of];
    case 'select':
      return [expr.condition, expr.yes, expr.no];
    case 'dot':
      return [...expr.x, expr.index];
    case 'requantize':
      return [expr.of, expr.multiplier];
  }
}

/** Which parts of an expression are meant: all, those that are computed for sure (no sides of selections), or values only (no indices). */
export type Extent = 'all' | 'certain' | 'values';

/** An expression and what it is made of. */
export function* within(expr: Expr, extent: Extent = 'all'): Generator<Expr> {
  yield expr;
  if (extent === 'values' && (expr.kind === 'load' || expr.kind === 'register' || expr.kind === 'sum')) return;
  const parts = extent === 'certain' && expr.kind === 'select' ? [expr.condition] : partsOf(expr);
  for (const part of parts) yield* within(part, extent);
}

/** An expression with parts replaced, from the whole to its parts. @param replacement of a part, or undefined to look inside it. */
export function replaceWithin(expr: Expr, replacement: (part: Expr) => Expr | undefined): Expr {
  const other = replacement(expr);
  if (other) return other;
  const inner = (part: Expr) => replaceWithin(part, replacement);
  switch (expr.kind) {
    case 'number':
    case 'variable':
      return expr;
    case 'sum':
      return plus(expr.constant, ...expr.terms.map(({ of, factor }) => times(inner(of), factor)));
    case 'load':
    case 'register':
      return { ...expr, index: inner(expr.index) };
    case 'binary':
      return { ...expr, left: inner(expr.left), right: inner(expr.right) };
    case 'unary':
    case 'cast':
    case 'splat':
      return { ...expr, of: inner(expr.of) };
    case 'select':
      return { ...expr, condition: inner(expr.condition), yes: inner(expr.yes), no: inner(expr.no) };
    case 'dot':
      return { ...expr, x: [inner(expr.x[0]), inner(expr.x[1])], index: inner(expr.index) };
    case 'requantize':
      return { ...expr, of: inner(expr.of), multiplier: inner(expr.multiplier) };
  }
}

/** The expressions that stand in a statement itself, not in the statements inside it. */
export function expressionsIn(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case 'for':
      return [statement.from, statement.to];
    case 'declare':
    case 'assign':
      return [statement.value];
    case 'registers':
      return [];
    case 'set':
    case 'store':
      return [statement.index, statement.value];
    case 'if':
    case 'while':
      return [statement.condition];
  }
}

/** The statements inside a statement. */
export function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  if (statement.kind === 'for' || statement.kind === 'while') return [statement.body];
  if (statement.kind === 'if') return statement.no ? [statement.yes, statement.no] : [statement.yes];
  return [];
}

/** Every statement, those inside others too. */
export function* statementsOf(body: readonly Statement[]): Generator<Statement> {
  for (const statement of body) {
    yield statement;
    for (const inner of bodiesOf(statement)) yield* statementsOf(inner);
  }
}

/** Every expression, with all that it is made of. */
export function* expressionsOf(body: readonly Statement[]): Generator<Expr> {
  for (const statement of statementsOf(body)) for (const expr of expressionsIn(statement)) yield* within(expr);
}

/** Buffers that are read, each once. */
export function readsOf(body: readonly Statement[]): Buffer[] {
  const found = new Set<Buffer>();
  for (const expr of expressionsOf(body)) if (expr.kind === 'load' || expr.kind === 'dot') found.add(expr.buffer);
  return [...found];
}

/** Buffers that are written, each once. */
export function writesOf(body: readonly Statement[]): Buffer[] {
  const found = new Set<Buffer>();
  for (const statement of statementsOf(body)) if (statement.kind === 'store') found.add(statement.buffer);
  return [...found];
}

/** Statements with the expressions in them replaced. */
export function replaceIn(body: readonly Statement[], replacement: (part: Expr) => Expr | undefined): Statement[] {
  const expr = (of: Expr) => replaceWithin(of, replacement);
  const replaced = (statement: Statement): Statement => {
    switch (statement.kind) {
      case 'for':
        return { ...statement, from: expr(statement.from), to: expr(statement.to), body: replaceIn(statement.body, replacement) };
      case 'while':
        return { ...statement, condition: expr(statement.condition), body: replaceIn(statement.body, replacement) };
      case 'declare':
      case 'assign':
        return { ...statement, value: expr(statement.value) };
      case 'registers':
        return statement;
      case 'set':
      case 'store':
        return { ...statement, index: expr(statement.index), value: expr(statement.value) };
      case 'if':
        return {
          ...statement,
          condition: expr(statement.condition),
          yes: replaceIn(statement.yes, replacement),
          ...(statement.no && { no: replaceIn(statement.no, replacement) }),
        };
    }
  };
  return body.map(replaced);
}
