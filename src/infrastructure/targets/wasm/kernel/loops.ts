import {
  type Buffer,
  bodiesOf,
  type Expr,
  expressionsOf,
  type ForStatement,
  number,
  numberOf,
  plus,
  range,
  type Statement,
  statementsOf,
  times,
  type Variable,
  within,
} from '../../../codegen/index.js';
import type { Functions } from './functions.js';
import { LANES } from './registers.js';
import { substituted, unrolled } from './rewrite.js';
import { isVectorizable } from './vectorizable.js';

/** Statements that a loop may become when it is unrolled: wholly, or some rounds of it. */
const MOST_UNROLLED = 100;
const MOST_IN_ROUND = 64;

/** How a loop is written: as other statements; as vectors of some rounds; or as a loop, some of whose rounds stand one after the other in it. */
export type LoopForm =
  | { readonly kind: 'statements'; readonly body: readonly Statement[] }
  | { readonly kind: 'vectors'; readonly rounds: readonly number[] }
  | { readonly kind: 'loop'; readonly factor: number };

/** @param placeOf what two buffers share if they lie in the same place. */
export function formOf(loop: ForStatement, functions: Functions, placeOf: (buffer: Buffer) => unknown): LoopForm {
  const { variable, body, step, vector } = loop;
  const rounds = roundsOf(loop);
  if (!rounds) return { kind: 'loop', factor: 1 };
  if (vector) return { kind: 'vectors', rounds };
  if (indexesRegisters(body, variable)) return { kind: 'statements', body: unrolled(body, variable, rounds) };
  if (rounds.length >= LANES && step === 1 && isVectorizable(body, variable, functions, placeOf))
    return { kind: 'statements', body: inVectors(loop, rounds) };
  const cost = costOf(body);
  if (rounds.length * cost <= MOST_UNROLLED) return { kind: 'statements', body: unrolled(body, variable, rounds) };
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

/** A loop as rounds of eight or four at once and a rest. */
function inVectors({ variable, body }: ForStatement, rounds: readonly number[]): Statement[] {
  const [first] = rounds;
  const lanes = rounds.length >= 4 * LANES ? 2 * LANES : LANES;
  const blocks = Math.floor(rounds.length / lanes);
  const block = (each: Expr): Statement[] =>
    range('lane', 0, lanes, (lane) => substituted(body, variable, plus(first, times(each, lanes), lane)), { vector: true });
  const left = rounds.slice(blocks * lanes);
  const vectors =
    left.length >= LANES
      ? range('lane', 0, left.length, (lane) => substituted(body, variable, plus(left[0], lane)), { vector: true })
      : unrolled(body, variable, left);
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
