import {
  bodiesOf,
  type Expr,
  expressionsOf,
  type ForStatement,
  numberOf,
  type Statement,
  statementsOf,
  type Variable,
  within,
} from '../../../codegen/index.js';
import { unrolled } from './rewrite.js';

/** Statements that a loop may become when it is unrolled: wholly, or some rounds of it. */
const MOST_UNROLLED = 100;
const MOST_IN_ROUND = 64;

/** How a loop is written: as other statements, or as a loop, some of whose rounds stand one after the other in it. */
export type LoopForm =
  | { readonly kind: 'statements'; readonly body: readonly Statement[] }
  | { readonly kind: 'loop'; readonly factor: number };

export function formOf(loop: ForStatement): LoopForm {
  const { variable, body } = loop;
  const rounds = roundsOf(loop);
  if (!rounds) return { kind: 'loop', factor: 1 };
  const cost = costOf(body);
  if (indexesRegisters(body, variable) || rounds.length * cost <= MOST_UNROLLED)
    return { kind: 'statements', body: unrolled(body, variable, rounds) };
  const factor = [4, 3, 2].find((each) => rounds.length % each === 0 && each * cost <= MOST_IN_ROUND);
  return { kind: 'loop', factor: factor ?? 1 };
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

/** About how many instructions statements become; infinitely many where a loop in them is not unrolled. */
function costOf(body: readonly Statement[]): number {
  let cost = 0;
  for (const statement of body) {
    if (statement.kind === 'while') return Number.POSITIVE_INFINITY;
    if (statement.kind === 'for') {
      const rounds = roundsOf(statement)?.length ?? Number.POSITIVE_INFINITY;
      cost += costOf(statement.body) * rounds;
    } else cost += 1 + bodiesOf(statement).reduce((sum, inner) => sum + costOf(inner), 0);
  }
  return cost;
}
