import { type Expr, keyOf, type Statement } from '../loops/index.js';
import { local } from '../loops/statements.js';
import { replaceWithin, within } from '../loops/walk.js';

/**
 * Statements that use values, with what occurs in them more than once computed once. What only one side of a selection computes stays there: it may
 * read outside of its buffer when the other side is chosen.
 */
export function sharing(values: readonly Expr[], use: (values: readonly Expr[]) => readonly Statement[]): Statement[] {
  const repeated = firstRepeated(values);
  if (!repeated) return [...use(values)];
  const key = keyOf(repeated);
  return local('shared', repeated, (named) =>
    sharing(
      values.map((value) => replaceWithin(value, (each) => (keyOf(each) === key ? named : undefined))),
      use,
    ),
  );
}

/** An expression that occurs twice, none of whose parts does where it does not. */
function firstRepeated(values: readonly Expr[]): Expr | undefined {
  const counts = new Map<string, number>();
  const found: Expr[] = [];
  for (const value of values) {
    for (const expr of within(value, 'certain')) {
      if (expr.kind === 'number' || expr.kind === 'variable' || expr.kind === 'sum' || expr.kind === 'register') continue;
      const key = keyOf(expr);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count === 2) found.push(expr);
    }
  }
  // The largest first: its parts occur once then, unless they occur elsewhere, too.
  return found.sort((a, b) => keyOf(b).length - keyOf(a).length)[0];
}

/** Operations that computing an expression takes; those of indices are not counted. */
export function operationsOf(expr: Expr): number {
  let count = 0;
  for (const each of within(expr, 'values')) if (each.kind === 'binary' || each.kind === 'unary' || each.kind === 'select') count++;
  return count;
}
